"""Floor plans of folders (items 102, 193-195; security.md T24), and the other fields of folders and settings."""

from __future__ import annotations

import base64
import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.api.calls import as_user, nobody, with_key
from tests.cast import Cast

CORNERS = {"map_topleft": "53.55 9.98", "map_topright": "53.55 9.99", "map_bottomleft": "-53.54 -9.98"}


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **more: Any) -> str:
    """A picture in base64."""
    written = BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **more)
    return base64.b64encode(written.getvalue()).decode()


def folder(cast: Cast) -> str:
    return f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}"


@pytest.mark.parametrize(
    ("kind", "shown"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/png"), ("WEBP", "image/png")]
)
def test_a_floor_plan_is_drawn_anew_and_shown_to_whoever_sees_the_folder(cast: Cast, kind: str, shown: str) -> None:
    sent = {
        "map_file": {"b64_content": picture(kind), "mime_type": "text/html"},
        **CORNERS,
        "coordinates": "53.54 9.98",
    }
    made = with_key(cast.north_key).put(folder(cast), sent).ok()
    assert {name: made[name] for name in CORNERS} == CORNERS
    url = made["map_file"]["url"]
    bob = as_user(cast.bob)
    answer = bob.client.get(url, headers=bob.headers, HTTP_HOST=bob.host)
    assert (answer.status_code, answer["Content-Type"]) == (200, shown)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Image.open(BytesIO(answer.content)).size == (40, 30)
    path = url.removeprefix("/vsaas/api/v2/")
    nobody().get(path).refused(403, "Forbidden")
    as_user(cast.mallory).get(path).refused(404, "NotFound")
    as_user(cast.charlie).get(path).refused(404, "NotFound")


def test_a_plan_is_kept_replaced_and_taken_away(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), folder(cast)
    first = crm.put(path, {"map_file": {"b64_content": picture()}}).ok()["map_file"]["url"]
    assert crm.put(path, {"title": "Yard 2", "map_file": {"delete": False}}).ok()["map_file"]["url"] == first
    other = crm.put(path, {"map_file": {"b64_content": f"data:image/png;base64,{picture(size=(9, 9))}"}}).ok()
    assert other["map_file"]["url"] not in {None, first}
    assert crm.put(path, {"map_file": {"delete": True}}).ok()["map_file"] == {"url": None}
    crm.get(path + "/map").refused(404, "NotFound")
    with domain_scope(cast.north):
        changes = [row.changed for row in AuditEntry.objects.filter(object_type="Folder") if "map_file" in row.changed]
    assert len(changes) == 3


def test_a_folder_can_begin_with_its_plan(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    made = crm.post(
        f"organizations/{cast.harbour.pk}/folders", {"title": "Floor", "map_file": {"b64_content": picture()}}
    )
    assert made.ok()["map_file"]["url"]
    listed = {row["title"]: row["map_file"]["url"] for row in crm.get(f"organizations/{cast.harbour.pk}/folders").ok()}
    assert listed["Floor"]
    assert listed["Yard"] is None


def bomb() -> str:
    """13,000 x 13,000 pixels in some kilobytes: unpacked they would be half a gigabyte."""
    head = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    body = zlib.compress(b"\0" * 1_000_000, 9)
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    ).decode()


SVG = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>').decode()
HTML = base64.b64encode(b"<html><script>alert(1)</script>").decode()


@pytest.mark.parametrize(
    "content",
    [SVG, HTML, "not base64!", base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 100).decode(), bomb(), picture()[:40],
     base64.b64encode(b"\0" * 2_500_000).decode()],
    ids=["svg", "html", "no base64", "garbage", "bomb", "cut short", "too large"],
)  # fmt: skip
def test_what_is_no_harmless_picture_is_refused(cast: Cast, content: str) -> None:
    answer = with_key(cast.north_key).put(folder(cast), {"map_file": {"b64_content": content}})
    answer.refused(400, "ValidationError", "map_file.b64_content")
    assert with_key(cast.north_key).get(folder(cast)).ok()["map_file"] == {"url": None}


def test_what_a_file_carries_beside_the_picture_is_gone(cast: Cast) -> None:
    exif = Image.Exif()
    exif[0x010E] = "zq-secret-place"
    sent = base64.b64decode(picture("JPEG", exif=exif, comment=b"zq-comment")) + b"<script>zq-behind</script>"
    content = base64.b64encode(sent).decode()
    crm = with_key(cast.north_key)
    url = crm.put(folder(cast), {"map_file": {"b64_content": content}}).ok()["map_file"]["url"]
    shown = crm.client.get(url, headers=crm.headers, HTTP_HOST=crm.host).content
    assert b"zq-" in sent
    assert b"zq-" not in shown


@pytest.mark.parametrize("wrong", ["53,5 9,9", "here", "1 2 3", "53.5", "1e9 2"])
def test_a_corner_is_latitude_and_longitude(cast: Cast, wrong: str) -> None:
    with_key(cast.north_key).put(folder(cast), {"map_topleft": wrong}).refused(400, "ValidationError", "map_topleft")


def test_a_number_that_is_taken_gives_the_next_free_one(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), f"organizations/{cast.harbour.pk}/folders"
    numbers = [crm.post(path, {"title": "x", "order_num": wish}).ok()["order_num"] for wish in (7, 7, 3)]
    assert numbers == [7, 8, 3]


def test_cameras_of_a_user_are_those_he_may_see(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    assert [row["name"] for row in crm.get(f"users/{cast.bob.pk}/cameras").ok()] == ["gate"]
    assert [row["name"] for row in crm.get(f"users/{cast.ian.pk}/cameras").ok()] == ["gate", "office"]
    assert crm.get(f"users/{cast.charlie.pk}/cameras").ok() == []
    assert [row["name"] for row in as_user(cast.alice).get(f"users/{cast.bob.pk}/cameras").ok()] == ["gate"]
    as_user(cast.bob).get(f"users/{cast.ian.pk}/cameras").refused(404, "NotFound")


def test_settings_are_for_administrators_and_who_has_the_flag(cast: Cast) -> None:
    nora, bob = as_user(cast.nora), as_user(cast.bob)
    shown = nora.get("settings").ok()
    assert (shown["brand_title"], shown["dns_names"], shown["max_user_sessions"]) == (
        "North Net",
        ["north.localhost"],
        10,
    )
    bob.get("settings").refused(403, "Forbidden")
    with_key(cast.north_key).put(f"users/{cast.bob.pk}", {"can_edit_settings": True}).ok()
    changed = bob.put("settings", {"brand_title": "Nordnetz", "brand_color": "#123456", "max_user_sessions": "3"}).ok()
    assert (changed["title"], changed["brand_color"], changed["max_user_sessions"]) == ("Nordnetz", "#123456", 3)
    bob.put("settings", {"brand_color": "red"}).refused(400, "ValidationError")
    bob.put("settings", {"timezone": "Atlantis"}).refused(400, "ValidationError")
    with_key(cast.north_key).put(f"users/{cast.bob.pk}", {"readonly": True}).ok()
    bob.get("settings").ok()
    bob.put("settings", {"brand_title": "x"}).refused(403, "Forbidden")


def test_what_dresses_the_sign_in_page_is_for_anybody_and_tells_no_more(cast: Cast) -> None:
    shown = nobody().get("settings/initial").ok()
    assert (shown["brand_title"], shown["locale"]) == ("North Net", "en")
    assert not {"dns_names", "legal_name", "max_user_sessions"} & shown.keys()
    assert with_key("wrong").get("settings/initial").status == 200
