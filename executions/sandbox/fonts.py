"""The fonts that scripts draw with, from packages of the skills' environment."""

from pathlib import Path

from executions.sandbox.layout import SandboxLayout

FOLDER = Path("/usr/local/share/fonts")  # one of those in which matplotlib and fontconfig look
SETTINGS = "/etc/matplotlibrc"
# Package → file in it → family to take where DejaVu Sans, which matplotlib brings along, has no glyph.
_PACKAGES = {
    "noto_cjk_sans_jp_regular": {"NotoSansCJKjp-Regular.otf": "Noto Sans CJK JP"},
    "manimgx_fonts": {
        "NotoSansDevanagari[wght].ttf": "Noto Sans Devanagari",
        "NotoSansThai[wght].ttf": "Noto Sans Thai",
        "NotoEmoji[wght].ttf": "Noto Emoji",
    },
}


def lay_out_fonts(layout: SandboxLayout, site_packages: Path) -> None:
    """Show the packages that are there, and tell matplotlib of them in the file at SETTINGS."""
    families = ["DejaVu Sans"]
    for package, files in _PACKAGES.items():
        layout.read_only(site_packages / package, FOLDER / package, optional=True)
        families += [family for file, family in files.items() if (site_packages / package / file).exists()]
    # Each by its own name: of a generic family only the first that is there would be taken.
    layout.file(SETTINGS, f"font.family: {', '.join(families)}\n")
