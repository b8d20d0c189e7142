"""Say how a module that a program misses comes into the skills' Python."""

import re

_MISSING = re.compile(
    r"ModuleNotFoundError: No module named '([\w.]+)'|Missing optional dependency '([\w.-]+)'"
)
# Top-level module → the name under which it is installed, where that is another one.
_DISTRIBUTIONS = {
    "Bio": "biopython",
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "jwt": "pyjwt",
    "pptx": "python-pptx",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "umap": "umap-learn",
    "yaml": "pyyaml",
}


def how_to_add_missing(stderr: str) -> str | None:
    """For whoever operates the deployment, where a program ended for want of a module; else None."""
    found = _MISSING.findall(stderr)
    if not found:
        return None
    module = (found[-1][0] or found[-1][1]).partition(".")[0]
    package = _DISTRIBUTIONS.get(module, module)
    return (
        f"The skills' Python has no module {module!r}. An operator adds it with "
        f"`uv add --group skills {package}`: a line in pyproject.toml, locked in uv.lock."
    )
