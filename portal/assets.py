"""Puts the few browser files we use from node_modules into portal/static/vendor (`make assets`). No Django needed.

The next icon: its Tabler name on a line of portal/icons.txt. The next library: package.json, then a row here.
"""

import re
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = REPOSITORY / "node_modules"
VENDOR = REPOSITORY / "portal" / "static" / "vendor"
ICON_NAMES = REPOSITORY / "portal" / "icons.txt"
SPRITES = ("tabler-sprite.svg", "tabler-sprite-filled.svg")

FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "tabler.esm.min.js": "@tabler/core/dist/js/tabler.esm.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    # Without subtitles, DRM and alternate audio, none of which a camera has: 40 % less to load.
    "hls.light.min.js": "hls.js/dist/hls.light.min.js",
    "hls.light.min.mjs": "hls.js/dist/hls.light.min.mjs",
    # One variable font, so that pages look the same on every machine; a browser loads only the ranges it needs.
    "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "inter-cyrillic.woff2": "@fontsource-variable/inter/files/inter-cyrillic-wght-normal.woff2",
}
LICENSES = {
    "tabler.LICENSE.txt": "@tabler/core/LICENSE",
    "icons.LICENSE.txt": "@tabler/icons-sprite/LICENSE",
    "htmx.LICENSE.txt": "htmx.org/LICENSE",
    "hls.LICENSE.txt": "hls.js/LICENSE",
    "inter.LICENSE.txt": "@fontsource-variable/inter/LICENSE",
}
SOURCE_MAP = re.compile(rb"\n?(/[/*])[#@] sourceMappingURL=[^\n*]*(\*/)?\n?$")
SYMBOL = re.compile(r'<symbol id="([^"]+)".*?</symbol>', re.DOTALL)
FRAME = '<path stroke="none" d="M0 0h24v24H0z" fill="none" />'  # draws nothing, a third of the file


class MissingIcon(Exception):
    """portal/icons.txt names an icon that Tabler does not have."""


def main() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for name, source in FILES.items():
        # The maps are not served, and a mention of one breaks the hashing of static files.
        (VENDOR / name).write_bytes(SOURCE_MAP.sub(b"\n", (PACKAGES / source).read_bytes()))
    for name, source in LICENSES.items():
        if (PACKAGES / source).exists():
            shutil.copyfile(PACKAGES / source, VENDOR / name)
    (VENDOR / "icons.svg").write_text(sprite(icon_names()))


def icon_names() -> list[str]:
    """The icons the pages may use."""
    return ICON_NAMES.read_text().split()


def sprite(names: list[str]) -> str:
    """One SVG with just these icons: `<use href="icons.svg#camera">`. Names that end in -filled are the filled ones."""
    known = _symbols()
    missing = [name for name in names if name not in known]
    if missing:
        raise MissingIcon(", ".join(missing))
    return f'<svg xmlns="http://www.w3.org/2000/svg"><defs>{"".join(known[name] for name in names)}</defs></svg>\n'


def _symbols() -> dict[str, str]:
    found = {}
    for file in SPRITES:
        text = (PACKAGES / "@tabler/icons-sprite/dist" / file).read_text()
        for match in SYMBOL.finditer(text):
            name = match[1].removeprefix("tabler-").replace("filled-", "", 1)
            name = f"{name}-filled" if "filled" in match[1] else name
            found[name] = match[0].replace(f'id="{match[1]}"', f'id="{name}"', 1).replace(FRAME, "")
    return found


if __name__ == "__main__":
    main()
