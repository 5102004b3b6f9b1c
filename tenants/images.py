"""Pictures that people upload are drawn anew: what is kept and shown was written by us (security.md T24).

Only the size is read before a picture is unpacked, because 160 kB of PNG can unpack to 800 MB. What a file carries
beside the picture (places in EXIF, scripts, a second file behind the first) is not drawn and therefore gone.
"""

from __future__ import annotations

import warnings
from io import BytesIO

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from tenants.errors import Invalid

LARGEST = 2 * 1024 * 1024  # bytes
MOST_PIXELS = 16_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def redraw(content: bytes, *, field: str, longest_side: int = 4096, largest: int = LARGEST) -> tuple[bytes, str]:
    """The same picture as PNG (or JPEG, if it was one) of at most `longest_side` pixels, with its MIME type.

    Raises Invalid for what is no PNG, JPEG, WebP or GIF, or too large; SVG is a program and no picture.
    """
    if len(content) > largest:
        raise Invalid(_("The picture is too large: at most %(n)s MB.") % {"n": largest // 1024 // 1024}, field=field)
    kind, picture = _opened(content, field)
    picture.thumbnail((longest_side, longest_side))
    written = BytesIO()
    if kind == "JPEG":
        picture.save(written, "JPEG", quality=88, optimize=True)
        return written.getvalue(), "image/jpeg"
    picture.save(written, "PNG", optimize=True)
    return written.getvalue(), "image/png"


def _opened(content: bytes, field: str) -> tuple[str, Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is looked at below
            opened = Image.open(BytesIO(content), formats=FORMATS)
        if opened.width * opened.height > MOST_PIXELS:
            raise Invalid(_("The picture has too many pixels: at most 16 million."), field=field)
        opened.load()
        kind = opened.format or "PNG"
        picture = ImageOps.exif_transpose(opened).convert("RGB" if kind == "JPEG" else "RGBA")
        picture.info.clear()  # comments and colour profiles would be written again
        return kind, picture
    except Image.DecompressionBombError as error:
        raise Invalid(_("The picture has too many pixels: at most 16 million."), field=field) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Invalid(_("Send a PNG, JPEG, WebP or GIF picture."), field=field) from error
