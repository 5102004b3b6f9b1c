"""How the ISP looks: colours one can read on, pictures drawn anew, words under the sign-in form."""

from __future__ import annotations

import re
import struct
import zlib
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tenants import colours
from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.cast import NORTH, SOUTH, Cast

GENERAL = {"title": "Northlight", "locale": "en", "timezone": "Europe/Oslo"}
BRAND = {"brand_color": "#663399", "accent_color": "#00aa55"}
TEXTS = {
    "page_title": "My cameras", "footer": "Call 112", "company_address": "Quay 1", "company_phone": "+49 40 555",
    "company_hours": "Mon to Fri",
}  # fmt: skip
COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def picture(width: int, height: int, kind: str = "PNG", **more: object) -> bytes:
    """A real picture of one colour."""
    written = BytesIO()
    Image.new("RGB" if kind == "JPEG" else "RGBA", (width, height), "#336699").save(written, kind, **more)
    return written.getvalue()


def bomb(width: int, height: int) -> bytes:
    """The beginning of a PNG of this size: small to send, huge to unpack."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def _upload(client: Client, kind: str, content: bytes, name: str = "logo.png") -> int:
    return client.post("/settings/branding", {**BRAND, kind: SimpleUploadedFile(name, content)}).status_code


def test_the_brand_is_everywhere(cast: Cast) -> None:
    client = cast.client(cast.nora)
    assert client.post("/settings/", GENERAL).status_code == 302
    assert client.post("/settings/branding", {**BRAND, **TEXTS}).status_code == 302
    stranger = Client(HTTP_HOST=NORTH)
    assert "#663399" in stranger.get("/brand.css").content.decode()
    assert "#663399" in stranger.get("/brand/icon.svg").content.decode()
    page = stranger.get("/login").content.decode()
    for text in ("Northlight", "Call 112", "Quay 1", "Mon to Fri", 'href="tel:+4940555"', "My cameras</title>"):
        assert text in page
    assert "Northlight" not in Client(HTTP_HOST=SOUTH).get("/login").content.decode()


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "#12345g", "url(x)", "#123456;}body{display:none"])
def test_a_colour_is_a_colour(cast: Cast, colour: str) -> None:
    client = cast.client(cast.nora)
    answer = client.post("/settings/branding", {**BRAND, "brand_color": colour})
    assert answer.status_code == 422
    assert 'id="id_brand_color_error"' in answer.content.decode()
    assert client.get("/settings/branding/colours", {"main": colour, "accent": "#000000"}).status_code == 400


@given(COLOUR)
def test_words_can_be_read_on_whatever_colour_is_chosen(colour: str) -> None:
    assert colours.contrast(colours.words_on(colour), colour) >= 4.5
    for dark, surfaces, tints in (
        (False, colours.LIGHT, colours.LIGHT_TINTS),
        (True, colours.DARK, colours.DARK_TINTS),
    ):
        ink = colours.ink(colour, dark=dark)
        for surface in surfaces:
            for tint in tints:
                assert colours.contrast(ink, colours.mixed(colour, tint, surface)) >= 4.5, (colour, surface, tint)


def test_a_readable_colour_stays_as_it_is() -> None:
    assert colours.ink("#0b4f8a", dark=False) == "#0b4f8a"
    assert [colours.words_on(each) for each in ("#000000", "#0f6fb8", "#ffdd00", "#ffffff")] == [
        "#ffffff", "#ffffff", "#101828", "#101828",
    ]  # fmt: skip


def test_the_preview_is_what_the_pages_will_be(cast: Cast) -> None:
    client = cast.client(cast.nora)
    preview = client.get("/settings/branding/colours", {"main": "#ffdd00", "accent": "#00aa55"}).json()
    client.post("/settings/branding", {**BRAND, "brand_color": "#ffdd00"})
    sheet = client.get("/brand.css").content.decode()
    assert f"--perch-on-brand: {preview['--perch-on-brand']};" in sheet
    assert sheet.count(f"--brand-ink: {preview['--perch-ink-light']};") == 1
    assert sheet.count(f"--brand-ink: {preview['--perch-ink-dark']};") == 1


@pytest.mark.parametrize("kind", ["logo", "login_logo", "favicon"])
@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"<html><script>alert(1)</script></html>", b"",
        bomb(13_000, 13_000), bomb(0, 5), b"\x89PNG\r\n\x1a\n" + b"x" * 3_000_000,
    ],
    ids=["svg", "html", "empty", "bomb", "nothing", "large"],
)  # fmt: skip
def test_what_is_no_small_picture_is_refused(cast: Cast, kind: str, content: bytes) -> None:
    client = cast.client(cast.nora)
    assert _upload(client, kind, content) == 422
    assert client.get("/brand/logo").status_code == 404


def test_a_logo_is_drawn_anew_and_carries_nothing_else(cast: Cast) -> None:
    client, note = cast.client(cast.nora), PngInfo()
    note.add_text("Comment", "<script>alert(1)</script>")
    polyglot = picture(3000, 750, pnginfo=note) + b"<script>alert(2)</script>"
    assert _upload(client, "logo", polyglot) == 302
    answer = client.get("/brand/logo")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert b"script" not in answer.content
    with Image.open(BytesIO(answer.content)) as drawn:
        assert drawn.size == (640, 160)
    page = client.get("/cameras/").content.decode()
    address = re.findall(r'src="(/brand/logo\?v=\w+)"', page)[0]
    assert "immutable" in client.get(address).headers["Cache-Control"]
    assert "immutable" not in answer.headers["Cache-Control"]


def test_a_photograph_keeps_no_place(cast: Cast) -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (53.0, 32.0, 0.0)}
    client = cast.client(cast.nora)
    assert _upload(client, "logo", picture(300, 100, "JPEG", exif=exif), "photo.jpg") == 302
    answer = client.get("/brand/logo")
    assert answer.headers["Content-Type"] == "image/jpeg"
    with Image.open(BytesIO(answer.content)) as drawn:
        assert not drawn.getexif()


def test_another_logo_has_another_address_and_none_has_none(cast: Cast) -> None:
    client = cast.client(cast.nora)

    def address() -> list[str]:
        return re.findall(r'src="(/brand/logo\?v=\w+)"', client.get("/cameras/").content.decode())

    _upload(client, "logo", picture(200, 50))
    first = address()
    _upload(client, "logo", picture(200, 60))
    assert first != address() != []
    assert client.post("/settings/branding", {**BRAND, "remove_logo": "on"}).status_code == 302
    assert address() == []
    assert client.get("/brand/logo").status_code == 404


def test_the_sign_in_page_has_a_logo_of_its_own(cast: Cast) -> None:
    client = cast.client(cast.nora)
    _upload(client, "logo", picture(200, 50))
    assert "/brand/logo?v=" in Client(HTTP_HOST=NORTH).get("/login").content.decode()
    _upload(client, "login_logo", picture(400, 100))
    page = Client(HTTP_HOST=NORTH).get("/login").content.decode()
    assert "/brand/login-logo?v=" in page
    assert "/brand/logo?v=" not in page


def test_an_icon_comes_in_all_sizes(cast: Cast) -> None:
    client = cast.client(cast.nora)
    assert _upload(client, "favicon", picture(63, 300)) == 422, "smaller than 64 pixels"
    assert _upload(client, "favicon", picture(64, 100)) == 302
    page = client.get("/cameras/").content.decode()
    for size in (16, 32, 64, 128, 180):
        assert f"/brand/icon-{size}.png?v=" in page
        with Image.open(BytesIO(client.get(f"/brand/icon-{size}.png").content)) as drawn:
            assert drawn.size == (size, size)
    assert client.get("/brand/icon-17.png").status_code == 404


def test_one_isps_pictures_are_not_anothers(cast: Cast) -> None:
    _upload(cast.client(cast.nora), "logo", picture(200, 50))
    assert Client(HTTP_HOST=SOUTH).get("/brand/logo").status_code == 404


def test_a_picture_that_is_refused_changes_nothing_else(cast: Cast) -> None:
    client = cast.client(cast.nora)
    form = {**BRAND, "brand_color": "#111111", "favicon": SimpleUploadedFile("x.png", b"no")}
    assert (
        client.post("/settings/branding", {**form, "logo": SimpleUploadedFile("l.png", picture(9, 9))}).status_code
        == 422
    )
    assert client.get("/brand/logo").status_code == 404
    assert "#111111" not in client.get("/brand.css").content.decode()


def test_whoever_edits_settings_edits_the_brand_and_is_in_the_log(cast: Cast) -> None:
    with domain_scope(cast.north):
        cast.bob.can_edit_settings = True
        cast.bob.save()
    bob = cast.client(cast.bob)
    assert 'href="/settings/"' in bob.get("/cameras/").content.decode()
    assert bob.post("/settings/branding", {**BRAND, "footer": "By Bob"}).status_code == 302
    assert bob.get("/settings/support").status_code == 403
    with domain_scope(cast.north):
        assert AuditEntry.objects.filter(user_login=cast.bob.login, object_type="Domain").count() == 1
