"""The ISP's pictures (item 173): uploads are drawn anew, icons in every size that is asked for (security.md T24)."""

from __future__ import annotations

import io
from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image

from tenants import audit
from tenants.errors import Invalid, Missing
from tenants.images import redraw
from tenants.models import AuditEntry, BrandPicture, Domain, User
from tenants.secrets import digest

Kind = BrandPicture.Kind
ICON_SIZES = (16, 32, 64, 128, 180)  # the last one is what telephones put on their first screen
SMALLEST_ICON = 64  # pixels a side of what is sent
LONGEST_SIDE = {Kind.LOGO: 640, Kind.LOGIN_LOGO: 1024, Kind.FAVICON: 1024}


@transaction.atomic
def set_picture(domain: Domain, kind: str, content: bytes, *, acting_user: User | None) -> None:
    """Put a picture in place of the one there was. Raises Invalid, naming the kind as the field."""
    known = Kind(kind)
    image, image_type = redraw(content, field=known, longest_side=LONGEST_SIDE[known])
    made = list(_icons(image)) if known is Kind.FAVICON else [(0, image, image_type)]
    BrandPicture.objects.filter(kind=known).delete()
    BrandPicture.objects.bulk_create(
        BrandPicture(domain_id=domain.pk, kind=known, size=size, image=data, image_type=mime)
        for size, data, mime in made
    )
    _note(domain, {**domain.brand_pictures, known.value: digest(image.hex())[:12]}, acting_user)


@transaction.atomic
def remove_picture(domain: Domain, kind: str, *, acting_user: User | None) -> None:
    """Do without a picture: the page shows the ISP's name and initial instead."""
    known = Kind(kind)
    BrandPicture.objects.filter(kind=known).delete()
    _note(domain, {name: mark for name, mark in domain.brand_pictures.items() if name != known}, acting_user)


def picture(kind: str, size: int = 0) -> BrandPicture:
    """One picture of the ISP in scope; Missing while there is none."""
    row: BrandPicture | None = BrandPicture.objects.filter(kind=kind, size=size).first()
    if row is None:
        raise Missing(_("There is no such picture."))
    return row


def _icons(image: bytes) -> Iterator[tuple[int, bytes, str]]:
    """The icon in all sizes; what is not square gets transparent margins."""
    with Image.open(io.BytesIO(image)) as opened:
        drawn = opened.convert("RGBA")
    if min(drawn.size) < SMALLEST_ICON:
        raise Invalid(_("An icon has at least 64 pixels a side."), field=Kind.FAVICON)
    side = max(drawn.size)
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(drawn, ((side - drawn.width) // 2, (side - drawn.height) // 2))
    for size in ICON_SIZES:
        written = io.BytesIO()
        square.resize((size, size), Image.Resampling.LANCZOS).save(written, "PNG", optimize=True)
        yield size, written.getvalue(), "image/png"


def _note(domain: Domain, pictures: dict[str, str], acting_user: User | None) -> None:
    before = domain.brand_pictures
    domain.brand_pictures = pictures
    domain.save(update_fields=["brand_pictures"])
    if before != pictures:
        changed = {"brand_pictures": [sorted(before), sorted(pictures)]}
        audit.record(AuditEntry.Action.CHANGE, domain, acting_user=acting_user, changed=changed)
