"""Adding, changing and deleting a camera by form."""

from __future__ import annotations

import html
import re

from django.test import Client

from devices.models import Camera
from devices.services import presets
from tenants.scoping import domain_scope
from tenants.services import folders, organizations
from tests.cast import Cast


def values(page: str) -> dict[str, str]:
    """A form as a browser would send it back untouched."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        off = "disabled" in tag or ('type="checkbox"' in tag and "checked" not in tag)
        if name and not off:
            found[name[1]] = html.unescape(value[1]) if value else ("on" if "checkbox" in tag else "")
    for select in re.findall(r'<select name="([^"]+)".*?</select>', page, re.DOTALL):
        options = re.search(rf'<select name="{select}"(.*?)</select>', page, re.DOTALL)
        chosen = re.search(r'<option value="([^"]*)" selected', options[1] if options else "")
        found[select] = chosen[1] if chosen else ""
    for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL):
        found[name] = html.unescape(text)
    return found


def new(cast: Cast, **more: object) -> dict[str, object]:
    """The form of a new camera, filled in."""
    with domain_scope(cast.north):
        root = folders.root(cast.harbour)
    return {
        "title": "Dock", "stream_url": "fake://clock", "organization": cast.harbour.pk, "folder": root.pk,
        "preset": cast.basic.pk, "enabled": "on", **more,
    }  # fmt: skip


def camera(cast: Cast, **query: object) -> Camera:
    with domain_scope(cast.north):
        found: Camera = Camera.objects.select_related("preset", "folder").get(**query)
        return found


def refused(client: Client, address: str, sent: dict[str, object]) -> str:
    """The page of a form that was not accepted."""
    answer = client.post(address, sent)
    assert answer.status_code == 422
    return answer.content.decode()


def test_an_owner_adds_a_camera_and_watches_it(cast: Cast) -> None:
    client = cast.client(cast.alice)
    answer = client.post("/cameras/new", new(cast, folder=cast.yard.pk, postal_address="12 Quay"))
    added = camera(cast, title="Dock")
    assert answer["Location"] == f"/cameras/watch/{added.name}"
    assert (added.folder_id, added.dvr_depth, added.static, added.enabled) == (cast.yard.pk, 7, True, True)
    assert "Dock is added." in client.get(answer["Location"]).content.decode()


def test_what_is_wrong_is_said_by_the_field(cast: Cast) -> None:
    page = refused(cast.client(cast.alice), "/cameras/new", new(cast, title="", stream_url="file:///etc/passwd"))
    assert re.search(r'id="id_title"[^>]*>\s*<span class="invalid-feedback"', page)
    page = refused(cast.client(cast.alice), "/cameras/new", new(cast, stream_url="file:///etc/passwd"))
    assert re.search(r'id="id_stream_url"[^>]*>\s*<span class="invalid-feedback"', page)
    page = refused(cast.client(cast.alice), "/cameras/new", new(cast, stream_url="rtsp://169.254.169.254/"))
    assert "outside the networks" in page


def test_a_camera_cannot_be_put_where_one_may_not_edit(cast: Cast) -> None:
    client = cast.client(cast.alice)
    for sent in (new(cast, organization=cast.mill.pk), new(cast, organization=cast.orchard.pk)):
        assert client.post("/cameras/new", sent).status_code in (403, 422)
    assert refused(client, "/cameras/new", new(cast, folder=999_999))
    with domain_scope(cast.north):
        assert not Camera.objects.filter(title="Dock").exists()


def test_viewers_have_no_form(cast: Cast) -> None:
    assert cast.client(cast.bob).get("/cameras/new").status_code == 403
    assert cast.client(cast.bob).get("/cameras/edit/gate").status_code == 403
    assert cast.client(cast.charlie).get("/cameras/edit/gate").status_code == 404


def test_a_password_is_never_shown_again_and_kept_when_sent_back(cast: Cast, settings: object) -> None:
    secret = "rtsp://root:hunter2@198.51.100.7:8554/live?pass=alsosecret"
    with domain_scope(cast.north):
        row = Camera.objects.get(name="gate")
        row.stream_url = secret
        row.save()
    client = cast.client(cast.alice)
    page = client.get("/cameras/edit/gate").content.decode()
    assert "hunter2" not in page
    assert "alsosecret" not in page
    sent = values(page)
    assert sent["stream_url"] == "rtsp://root:***@198.51.100.7:8554/live?pass=***"
    assert client.post("/cameras/edit/gate", {**sent, "title": "Main gate"}).status_code == 302
    kept = camera(cast, name="gate")
    assert (kept.title, kept.stream_url) == ("Main gate", secret)


def test_a_new_host_needs_the_password_anew(cast: Cast) -> None:
    with domain_scope(cast.north):
        row = Camera.objects.get(name="gate")
        row.stream_url = "rtsp://root:hunter2@198.51.100.7/live"
        row.save()
    client = cast.client(cast.alice)
    sent = values(client.get("/cameras/edit/gate").content.decode())
    page = refused(client, "/cameras/edit/gate", {**sent, "stream_url": "rtsp://root:***@203.0.113.9/live"})
    assert "Type the password again" in page
    assert camera(cast, name="gate").stream_url == "rtsp://root:hunter2@198.51.100.7/live"


def test_a_locked_preset_shows_its_values_and_rules_them(cast: Cast) -> None:
    client = cast.client(cast.alice)
    page = client.get("/cameras/edit/gate").content.decode()
    assert re.search(r'<input[^>]*name="dvr_depth"[^>]*value="7[^>]*disabled', page)
    sent = {**values(page), "dvr_depth": "900"}
    assert client.post("/cameras/edit/gate", sent).status_code == 302
    assert camera(cast, name="gate").dvr_depth == 7


def test_an_adjustable_preset_leaves_the_values_free(cast: Cast) -> None:
    with domain_scope(cast.north):
        loose = presets.add_preset(acting_user=None, title="Loose", dvr_depth=3, is_adjustable=True, is_everywhere=True)
    client = cast.client(cast.alice)
    sent = {**values(client.get("/cameras/edit/gate").content.decode()), "preset": loose.pk}
    client.post("/cameras/edit/gate", sent)
    assert camera(cast, name="gate").dvr_depth == 3, "copied from the preset"
    sent = {**values(client.get("/cameras/edit/gate").content.decode()), "dvr_depth": "5", "dvr_space": "40"}
    client.post("/cameras/edit/gate", sent)
    changed = camera(cast, name="gate")
    assert (changed.dvr_depth, changed.dvr_space) == (5, 40)


def test_on_demand_is_chosen_and_warned_of(cast: Cast) -> None:
    client = cast.client(cast.alice)
    page = client.get("/cameras/edit/gate").content.decode()
    assert "nothing is recorded while nobody watches" in page
    client.post("/cameras/edit/gate", {**values(page), "on_demand": "on"})
    assert camera(cast, name="gate").static is False


def test_an_unchanged_form_changes_nothing(cast: Cast) -> None:
    client = cast.client(cast.alice)
    before = camera(cast, name="gate")
    assert (
        client.post("/cameras/edit/gate", values(client.get("/cameras/edit/gate").content.decode())).status_code == 302
    )
    after = camera(cast, name="gate")
    same = ("title", "stream_url", "folder_id", "preset_id", "dvr_depth", "static", "enabled", "video_only", "comment")
    assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]


def test_a_full_organization_takes_no_more_cameras(cast: Cast) -> None:
    with domain_scope(cast.north):
        organizations.change_organization(cast.harbour, acting_user=None, camera_limit=2)
    page = refused(cast.client(cast.alice), "/cameras/new", new(cast))
    assert "The organization may have 2 cameras." in page


def test_deleting_asks_first(cast: Cast) -> None:
    client = cast.client(cast.alice)
    question = client.get("/cameras/delete/gate").content.decode()
    assert "Delete Gate?" in question
    assert camera(cast, name="gate")
    assert client.post("/cameras/delete/gate").status_code == 302
    assert client.get("/cameras/watch/gate").status_code == 404


def test_titles_are_text_wherever_they_are_shown(cast: Cast) -> None:
    evil = '"><script>alert(1)</script>{{7*7}}'
    client = cast.client(cast.alice)
    client.post("/cameras/new", new(cast, title=evil, postal_address=evil, comment=evil))
    name = camera(cast, title=evil).name
    for address in ("/cameras/", "/cameras/?view=list", f"/cameras/watch/{name}", f"/cameras/edit/{name}",
                    f"/cameras/delete/{name}"):  # fmt: skip
        page = client.get(address).content.decode()
        assert "<script>alert" not in page, address
        # The name is made up of letters and digits at random, and may have a 49 of its own.
        assert "49" not in re.findall(r"<h1.*?</h1>", page.replace(name, ""), re.DOTALL)[0]
