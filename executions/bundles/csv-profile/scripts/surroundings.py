"""Set what NumPy and matplotlib read when they are loaded, and say that they are."""

import os
import tempfile

from callboard_skill import progress

# One thread is enough here, and each of more would reserve memory.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# The font cache does not belong in the workspace.
os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="matplotlib-")

# Loading them takes the better part of a second.
progress(0.0, "Loading pandas and matplotlib")
