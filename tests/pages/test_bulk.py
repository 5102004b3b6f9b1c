"""Many cameras changed at once: who may, what is shown before, what is kept and what is refused."""

from __future__ import annotations

import html
import re

from django.test import Client

from devices.models import Camera
from devices.services import cameras, presets
from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.pages.test_camera_form import values

PAGE = "/cameras/bulk"


def camera(cast: Cast, name: str) -> Camera:
    with domain_scope(cast.north):
        found: Camera = Camera.objects.select_related("preset", "folder", "organization").get(name=name)
        return found


def sent(client: Client, names: str, step: str, **more: object) -> str:
    """The page after a step of the form."""
    answer = client.post(PAGE, {"names": names, "step": step, **more})
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return html.unescape(answer.content.decode())


def outcome(page: str) -> tuple[int, int, int]:
    """Changed, unchanged, refused."""
    found = [re.search(rf"data-{kind}>(\d+)<", page) for kind in ("changed", "same", "refused")]
    changed, same, refused = (int(match[1]) if match else -1 for match in found)
    return changed, same, refused


def fill(cast: Cast, number: int) -> list[str]:
    """So many more cameras of Alice's."""
    with domain_scope(cast.north):
        return [
            cameras.add_camera(cast.harbour, acting_user=None, title=f"D{n:03}", stream_url="fake://clock").name
            for n in range(number)
        ]


def test_boxes_are_beside_the_cameras_one_edits_and_nowhere_else(cast: Cast) -> None:
    chosen = re.compile(r'name="camera" value="([^"]+)"')
    assert chosen.findall(cast.client(cast.alice).get("/cameras/?view=list").content.decode()) == ["gate", "office"]
    page = cast.client(cast.bob).get("/cameras/?view=list").content.decode()
    assert not chosen.findall(page)
    assert PAGE not in page
    tab = cast.client(cast.alice).get(f"/organizations/{cast.harbour.pk}/").content.decode()
    assert chosen.findall(tab) == ["gate", "office"]
    assert f"{PAGE}?all=1&amp;organization={cast.harbour.pk}" in tab


def test_what_is_left_alone_stays_on_every_camera(cast: Cast) -> None:
    client = cast.client(cast.alice)
    page = sent(client, "gate office", "apply", static="0", video_only="1")
    assert outcome(page) == (2, 0, 0)
    for name in ("gate", "office"):
        found = camera(cast, name)
        assert (found.static, found.video_only, found.enabled, found.thumbnails) == (False, True, True, True)
        assert found.preset_id == cast.basic.pk
    assert outcome(sent(client, "gate office", "apply", static="0")) == (0, 2, 0)


def test_each_camera_is_an_entry_of_its_own_in_the_log(cast: Cast) -> None:
    sent(cast.client(cast.alice), "gate office", "apply", enabled="0")
    with domain_scope(cast.north):
        entries = AuditEntry.objects.filter(object_type="Camera", action="change")
        told = [(entry.object_id, entry.user_login, entry.changed) for entry in entries.order_by("object_id")]
    change = {"enabled": [True, False]}
    assert told == [("gate", "alice@example.org", change), ("office", "alice@example.org", change)]


def test_a_preview_tells_old_and_new_and_changes_nothing(cast: Cast) -> None:
    with domain_scope(cast.north):
        month = presets.add_preset(acting_user=None, title="Month", dvr_depth=30, is_everywhere=True)
        before = AuditEntry.objects.count()
    page = sent(cast.client(cast.alice), "gate office", "preview", preset=month.pk)
    assert re.findall(r'data-changing="([^"]+)"', page) == ["gate", "office"]
    plain = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Preset Week → becomes Month" in plain
    assert "Archive, days 7 → becomes 30" in plain
    assert camera(cast, "gate").preset_id == cast.basic.pk
    with domain_scope(cast.north):
        assert AuditEntry.objects.count() == before


def test_the_preview_is_sent_on_as_it_is(cast: Cast) -> None:
    client = cast.client(cast.alice)
    page = sent(client, "gate", "preview", thumbnails="0")
    assert outcome(sent(client, step="apply", **{**values(page), "names": "gate"})) == (1, 0, 0)
    assert not camera(cast, "gate").thumbnails


def test_good_ones_are_kept_and_bad_ones_told_by_name(cast: Cast) -> None:
    with domain_scope(cast.north):
        free = presets.add_preset(acting_user=None, title="Free", is_adjustable=True, is_everywhere=True)
        cameras.change_camera(camera(cast, "gate"), acting_user=None, preset=free)
    page = sent(cast.client(cast.alice), "gate office nobody wheel", "apply", dvr_depth="3")
    assert outcome(page) == (1, 0, 3)
    assert "Office: The preset sets this value; choose another preset to change it." in page
    assert "nobody: There is no such camera." in page
    assert "wheel: There is no such camera." in page
    assert (camera(cast, "gate").dvr_depth, camera(cast, "office").dvr_depth) == (3, 7)


def test_cameras_move_to_another_organization_until_it_is_full(cast: Cast) -> None:
    with domain_scope(cast.north):
        cast.mill.camera_limit = 2
        cast.mill.save()
    client = cast.client(cast.nora)
    shown = sent(client, "gate office", "preview", organization=cast.mill.pk)
    assert re.findall(r'data-refused="([^"]+)"', shown) == ["office"]
    assert outcome(sent(client, "gate office", "apply", organization=cast.mill.pk)) == (1, 0, 1)
    assert camera(cast, "gate").organization_id == cast.mill.pk
    assert camera(cast, "gate").folder.organization_id == cast.mill.pk
    assert camera(cast, "office").organization_id == cast.harbour.pk


def test_another_organization_brings_its_folders(cast: Cast) -> None:
    client = cast.client(cast.nora)
    here = client.get(f"{PAGE}?camera=gate&camera=office").content.decode()
    assert "Yard" in here
    there = sent(client, "gate office", "form", organization=cast.mill.pk, enabled="0")
    assert "Yard" not in there
    assert values(there)["enabled"] == "0"
    assert outcome(sent(client, "office", "apply", folder=cast.yard.pk)) == (1, 0, 0)
    assert camera(cast, "office").folder_id == cast.yard.pk


def test_presets_are_those_the_organization_may_choose(cast: Cast) -> None:
    with domain_scope(cast.north):
        hidden = presets.add_preset(acting_user=None, title="Hidden")
    client = cast.client(cast.alice)
    assert "Hidden" not in client.get(f"{PAGE}?camera=gate").content.decode()
    answer = client.post(PAGE, {"names": "gate", "step": "apply", "preset": hidden.pk})
    assert answer.status_code == 422
    assert outcome(sent(cast.client(cast.nora), "gate", "apply", preset=hidden.pk)) == (1, 0, 0)


def test_all_that_the_filter_finds_and_one_edits(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert values(client.get(f"{PAGE}?all=1").content.decode())["names"] == "gate office"
    assert values(client.get(f"{PAGE}?all=1&q=gat").content.decode())["names"] == "gate"
    assert client.get(f"{PAGE}?all=1&organization={cast.mill.pk}").status_code == 404


def test_long_lists_go_a_hundred_at_a_time_and_say_how_far_they_are(cast: Cast) -> None:
    client, names = cast.client(cast.alice), fill(cast, 120)
    page = sent(client, " ".join(["nobody", *names]), "apply", enabled="0")
    assert '<progress class="progress-line" value="100" max="121"' in page
    rest = values(page)
    page = sent(client, rest.pop("names"), rest.pop("step"), **rest)
    assert outcome(page) == (120, 0, 1)
    with domain_scope(cast.north):
        assert not Camera.objects.filter(name__in=names, enabled=True).exists()


def test_too_many_are_refused_and_so_is_nothing_to_do(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert client.post(PAGE, {"names": " ".join(f"c{n}" for n in range(5001)), "step": "preview"}).status_code == 400
    answer = client.post(PAGE, {"names": "gate", "step": "preview"})
    assert answer.status_code == 422
    assert "Choose at least one thing to change." in answer.content.decode()


def test_viewers_and_strangers_change_nothing(cast: Cast) -> None:
    for user, status in ((cast.bob, 403), (cast.mallory, 404)):
        answer = cast.client(user).post(PAGE, {"names": "gate", "step": "apply", "enabled": "0"})
        assert answer.status_code == status
    assert camera(cast, "gate").enabled
