"""Which version of Callboard this is, as `pyproject.toml` says: nobody says it a second time."""

import tomllib

from config.environment import ROOT

VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
