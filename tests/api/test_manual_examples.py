"""The manual's own examples of the v2 dialect (4.8.6, 6.1), run by curl against a running portal.

Keys, host and numbers are replaced by this installation's; the rest is as an integrator types it, with doubled slashes,
texts for numbers and missing content types. Two of the manual's lines are misprinted (`-data` for `--data`, a body
with `)` for `}`) and are written as meant.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import Any

import pytest

from tenants.scoping import domain_scope
from tenants.services import keys
from tests.cast import PASSWORD, Cast
from tests.server import Server, sign_in

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are curl's (apt install curl)")


class Shell:
    """Runs a line as typed, with the placeholders filled in."""

    def __init__(self, server: Server, **values: Any) -> None:
        self.base = f"{server.url}/vsaas/api/v2"
        self.host = server.host()
        self.values = values

    def run(self, line: str) -> tuple[int, Any]:
        """Status and decoded body."""
        filled = line.replace("BASE", self.base)
        for name in sorted(self.values, key=len, reverse=True):
            filled = filled.replace(name, str(self.values[name]))
        words = shlex.split(filled)
        assert words[0] == "curl"
        options = ["--silent", "--noproxy", "*", "--max-time", "20", "-H", f"Host: {self.host}", "-w", "\n%{http_code}"]
        done = subprocess.run(["curl", *options, *words[1:]], capture_output=True, text=True, check=False)
        body, _, status = done.stdout.rpartition("\n")
        assert status, done.stderr
        return int(status), json.loads(body)

    def ok(self, line: str) -> Any:
        """The body of a success."""
        status, body = self.run(line)
        assert status == 200, (line, status, body)
        return body


@pytest.fixture
def shell(server: Server, live_cast: Cast) -> Shell:
    """A shell at North's portal, knowing its keys and numbers."""
    cast = live_cast
    with domain_scope(cast.north):
        _row, bobs_key = keys.add_key(acting_user=None, user=cast.bob)
    return Shell(
        server,
        SYSTEM_KEY=cast.north_key,
        BOBS_KEY=bobs_key,
        BOB=cast.bob.pk,
        CHARLIE=cast.charlie.pk,
        SESSION=sign_in(cast.nora),
        ORG=cast.harbour.pk,
        FOLDER=cast.yard.pk,
        PRESET=cast.basic.pk,
    )


def test_authorization(shell: Shell) -> None:
    """6.1.2: three ways."""
    body = json.dumps({"login": "bob@example.org", "password": PASSWORD})
    session = shell.ok(f"curl -X POST BASE/auth/login -d '{body}'")["session"]
    assert shell.ok(f"curl -v -X GET -H 'x-vsaas-session: {session}' BASE/auth/whoami")["login"] == "bob@example.org"
    assert len(shell.ok("curl -v -X GET -H 'x-vsaas-api-key: SYSTEM_KEY' BASE/cameras")) == 3
    by_user = "curl -v -X GET -H 'x-vsaas-api-key: BOBS_KEY' -H 'x-vsaas-user: bob@example.org' BASE/cameras"
    assert [camera["name"] for camera in shell.ok(by_user)] == ["gate"]
    assert shell.run("curl -v -X GET -H 'x-vsaas-api-key: 7c75da8fb314183f1f825271898a3687' BASE/cameras")[0] == 403


def test_cameras(shell: Shell) -> None:
    """4.8.6 and 6.1.5: list, one, another plan, off, on, a new one with the clock."""
    key = "-H 'x-vsaas-api-key: SYSTEM_KEY'"
    json_type = "-H 'Content-Type: application/json'"
    assert len(shell.ok(f"curl {key} -X GET 'BASE/cameras'")) == 3
    assert shell.ok(f"curl {key} -X GET 'BASE/cameras/gate'")["title"] == "Gate"
    assert len(shell.ok(f"curl {key} -X GET 'BASE/cameras?organization_id=ORG'")) == 2
    preset = shell.ok(
        f"""curl -v POST BASE/presets
        -d '{{"title":"non-adjustable preset","is_adjustable":false, "organization_id":"ORG", "dvr_depth": 2}}'
        {key} -H "Content-Type: application/json" --request POST""".replace("-v POST", "-v")
    )
    assert (preset["title"], preset["dvr_depth"], preset["is_adjustable"]) == ("non-adjustable preset", 2, False)
    changed = shell.ok(
        f"""curl {key} {json_type} -X PUT 'BASE/cameras/gate' --data '{{"preset_id": {preset["id"]}}}'"""
    )
    assert (changed["preset_id"], changed["dvr_depth"]) == (preset["id"], 2)
    for text, enabled in (("false", False), ("true", True)):
        line = f"""curl {key} {json_type} -X PUT 'BASE/cameras/gate' --data '{{"enabled": {text}}}'"""
        assert shell.ok(line)["enabled"] is enabled
    added = shell.ok(
        f"""curl -v -X POST BASE/cameras {key} -H 'content-type: application/json'
        -d '{{ "title": "myCamera", "stream_url": "fake://clock", "preset_id": "PRESET", "organization_id": "ORG"}}'"""
    )
    assert (added["title"], added["stream_url"], added["organization_id"]) == (
        "myCamera",
        "fake://clock",
        shell.values["ORG"],
    )


def test_users_and_what_stops_them(shell: Shell) -> None:
    """4.8.6 and 6.1.5: add, list, block, read-only, delete."""
    key = "-H 'x-vsaas-api-key: SYSTEM_KEY'"
    body = '{ "login": "user@example.com", "password": "qwe123" }'
    made = shell.ok(f"curl {key} -H 'Content-Type: application/json' -X POST 'BASE/users' --data-raw '{body}'")
    assert made["id"] in {user["id"] for user in shell.ok(f"curl {key} -X GET 'BASE/users'")}
    in_org = '{"login":"user1", "organization_id":"ORG"}'
    user1 = shell.ok(f"curl -v -X POST BASE/users -d '{in_org}' {key} -H \"Content-Type: application/json\"")
    assert user1["organizations"] == [shell.values["ORG"]]
    block = f"curl -v -X PUT BASE/users/BOB {key} -H 'content-type: application/json' -d '{{\"enabled\":false}}'"
    assert shell.ok(block)["enabled"] is False
    assert shell.run("curl -H 'x-vsaas-api-key: BOBS_KEY' BASE/cameras")[0] == 403
    assert shell.ok(f"curl {key} -X DELETE 'BASE/users/{made['id']}'") == {"success": True}
    test = '{ "login": "test", "password": "test1", "organization_id": ORG }'
    line = "curl --request POST --url 'BASE/users?trace=sql' --header 'content-type: application/json'"
    assert shell.ok(f"{line} --header 'x-vsaas-session: SESSION' --data '{test}'")["login"] == "test"


def test_organizations(shell: Shell) -> None:
    """6.1.11: with a session; closing needs the header `force`."""
    session = "--header 'x-vsaas-session: SESSION'"
    json_type = "--header 'content-type: application/json'"
    listed = shell.ok(f"curl --request GET --url BASE/organizations/ {session}")
    assert {row["title"] for row in listed} == {"Harbour", "Mill", "Unassigned cameras"}
    made = shell.ok(
        f"""curl --request POST --url BASE/organizations {json_type} {session} --data '{{"title": "Org2"}}'"""
    )
    assert (made["title"], made["owner"], made["camera_limit"], made["dvr_limit"]) == ("Org2", None, 1000, 100)
    path = f"BASE/organizations/{made['id']}"
    assert shell.ok(f"curl --request GET --url {path} {session}")["id"] == made["id"]
    renamed = shell.ok(
        f"""curl --request PUT --url {path} {json_type} {session} --data '{{ "title": "test org 2" }}'"""
    )
    assert renamed["title"] == "test org 2"
    assert shell.run(f"curl --request DELETE --url {path} {session}")[0] == 400
    assert shell.ok(f"curl --request DELETE --url {path} {session} --header 'force: 1'") == {"success": True}
    presets = shell.ok("curl -H 'x-vsaas-api-key: SYSTEM_KEY' -X GET 'BASE/organizations/ORG/presets'")
    assert shell.values["PRESET"] in {row["preset_id"] for row in presets}


def test_members_of_an_organization(shell: Shell) -> None:
    """4.8.6 and 6.1.13: a viewer, an installer, and how they leave."""
    key, json_type = "-H 'x-vsaas-api-key: SYSTEM_KEY'", "-H 'Content-Type: application/json'"
    users = "'BASE/organizations/ORG/users'"
    viewer = shell.ok(f"""curl {key} {json_type} -X POST {users} --data '{{ "user_id": CHARLIE }}'""")
    assert (viewer["folders_permissions"], viewer["can_edit_organization_cameras"]) == ([], False)
    one = "BASE/organizations/ORG/users/CHARLIE"
    flags = '{ "can_view_organization_stats": true, "can_edit_organization_cameras": true }'
    changed = shell.ok(
        f"curl --request PUT --url {one}/ --header 'content-type: application/json'"
        f" --header 'x-vsaas-session: SESSION' --data '{flags}'"
    )
    assert changed["can_edit_organization_cameras"] is True
    assert (
        shell.ok(f"curl --request GET --url {one}/ --header 'x-vsaas-session: SESSION'")["user_id"]
        == shell.values["CHARLIE"]
    )
    assert shell.ok(f"curl {key} -X DELETE 'BASE/organizations/ORG//users/CHARLIE'") == {"success": True}
    assert {row["login"] for row in shell.ok(f"curl {key} -X GET {users}")} == {"bob@example.org", "ian@example.org"}


def test_folders_and_who_looks_into_them(shell: Shell) -> None:
    """4.8.6 and 6.1.12: add, rename, move, grant, list, take away, remove."""
    key, session = "-H 'x-vsaas-api-key: SYSTEM_KEY'", "--header 'x-vsaas-session: SESSION'"
    json_type = "--header 'content-type: application/json'"
    folders = "BASE/organizations/ORG/folders"
    top = next(row["id"] for row in shell.ok(f"curl '{folders}' {key}") if row["level"] == 0)
    body = f'{{ "title": "Folder name", "parent_id": {top} }}'
    made = shell.ok(f"curl --request POST --url {folders} {json_type} {session} --data '{body}'")
    assert (made["title"], made["parent_id"], made["map_file"]) == ("Folder name", top, {"url": None})
    one = f"{folders}/{made['id']}"
    assert (
        shell.ok(f"""curl --request PUT --url {one}/ {json_type} {session} --data '{{ "title": "toor" }}'""")["title"]
        == "toor"
    )
    moved = shell.ok(f"""curl --request PUT --url {one}/ {json_type} {session} --data '{{ "move_inside": FOLDER }}'""")
    assert (moved["parent_id"], moved["level"]) == (shell.values["FOLDER"], 2)
    assert shell.ok(f"curl --request DELETE --url '{one}' {session}") == {"success": True}
    cameras = shell.ok(f"curl --request GET --url 'BASE/cameras?folder_id=FOLDER' {session}")
    assert [camera["name"] for camera in cameras] == ["gate"]
    inside = f"{folders}/FOLDER/users"
    grant = '{ "user_id": BOB, "can_view_dvr": 1, "can_use_ptz": 1, "can_use_actions": 1, "dvr_depth_limit": null }'
    assert shell.ok(f"curl {key} -H 'Content-Type: application/json' -X POST '{inside}' --data '{grant}'") == {
        "user_id": shell.values["BOB"], "can_view_dvr": True, "dvr_depth_limit": None, "can_use_ptz": True,
        "can_use_actions": True,
    }  # fmt: skip
    assert len(shell.ok(f"curl --request GET --url {inside} {session}")) == 1
    grants = shell.ok(f"curl --request GET --url 'BASE/users/BOB?fields=folders_permissions' {session}")
    assert [row["folder_id"] for row in grants["folders_permissions"]] == [shell.values["FOLDER"]]
    removed = shell.ok(f"curl -v -X DELETE {key} -H 'content-type: application/json' {inside}/BOB")
    assert removed["success"] is True
    assert shell.ok("curl -H 'x-vsaas-api-key: BOBS_KEY' BASE/cameras") == []
