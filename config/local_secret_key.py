"""The secret key of the local demo, made once and kept beside its data."""

import os
import secrets
from pathlib import Path


def local_secret_key(folder: Path) -> str:
    """The key in `folder`, readable by its owner only; made at first use, also when several start at once."""
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(secrets.token_urlsafe(50))
        draft.chmod(0o600)
        try:
            os.link(draft, path)  # fails where another process was first: then theirs is the key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
