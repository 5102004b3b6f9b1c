"""Lists of users and cameras taken in at once (manual 6.1.3-6.1.5; items 163-171, 186, 198; decision d)."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from devices.models import Camera
from devices.services import presets
from tenants import tables
from tenants.errors import Invalid
from tenants.models import AuditEntry, FolderPermission, Membership, Organization, User
from tenants.scoping import domain_scope
from tests.api.calls import Answer, Caller, as_user, nobody, with_key
from tests.cast import PASSWORD, Cast

MANUAL = (
    "login,email,password,is_active,is_admin,note\n"
    "ivanov,ivanov@domain.tld,CergitMig,1,0,user1\n"
    "petrov,petrov@domain.tld,LajQuolOy,0,1,user2\n"
)
NOTHING = {"created": 0, "updated": 0, "deleted": 0, "errors": {}}


def send(crm: Caller, text: str | bytes, path: str = "users/import", kind: str = "text/plain; charset=utf-8") -> Answer:
    """A list, as `curl --data-binary` sends it."""
    return crm.raw("POST", path, text, kind)


def test_the_manuals_list_is_taken_in_and_a_second_time_changes_nothing(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    assert send(crm, MANUAL).ok() == {"created": 2, "updated": 0, "deleted": 0, "errors": {}}
    with domain_scope(cast.north):
        ivanov, petrov = User.objects.get(login="ivanov"), User.objects.get(login="petrov")
        assert (ivanov.email, ivanov.note, ivanov.is_active, ivanov.is_admin) == (
            "ivanov@domain.tld",
            "user1",
            True,
            False,
        )
        assert (petrov.is_active, petrov.is_admin) == (False, True)
        before = AuditEntry.objects.count()
    assert nobody().post("auth/login", {"login": "ivanov", "password": "CergitMig"}).ok()["id"] == ivanov.pk
    assert nobody().post("auth/login", {"login": "petrov", "password": "LajQuolOy"}).status == 403
    assert send(crm, MANUAL).ok() == NOTHING
    with domain_scope(cast.north):
        assert AuditEntry.objects.exclude(object_type__contains="Sign").count() >= before
        assert not AuditEntry.objects.filter(object_type="User", action="change", object_id=str(ivanov.pk)).exists()


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/csv", "application/x-www-form-urlencoded", "application/json", ""]
)
def test_a_list_is_a_list_whatever_it_is_called(cast: Cast, kind: str) -> None:
    assert send(with_key(cast.north_key), MANUAL, "users/import?type=csv", kind).ok()["created"] == 2


def test_the_same_as_json(cast: Cast) -> None:
    rows = [
        {"login": "ivanov", "password": "CergitMig", "is_active": True, "note": 'says "hi"'},
        {"login": "petrov", "is_admin": 1, "is_active": "0"},
    ]
    crm = with_key(cast.north_key)
    assert send(crm, orjson.dumps(rows)).ok()["created"] == 2
    assert send(crm, orjson.dumps(rows)).ok() == NOTHING
    with domain_scope(cast.north):
        assert User.objects.get(login="petrov").is_admin
        assert User.objects.get(login="ivanov").note == 'says "hi"'


def test_good_lines_are_kept_and_bad_ones_told_by_number_and_reason(cast: Cast) -> None:
    text = (
        "login,email,password,is_active\n"
        "good1,good1@example.net,12345,1\n"
        ",nobody@example.net,12345,1\n"  # 3: no login
        "short,short@example.net,123,1\n"  # 4: password
        "\n"
        "mail,this is no address,12345,1\n"  # 6: e-mail
        "switch,s@example.net,12345,perhaps\n"  # 7: switch
        "many,m@example.net,12345,1,surplus\n"  # 8: cells
        '"good\n2",g@example.net,12345,1\n'  # 9 and 10: a login over two lines
        "good3,good3@example.net,12345,1\n"
        "BOB@example.org,bob2@example.net,,1\n"  # 12: known, in other letters
    )
    answer = send(with_key(cast.north_key), text).ok()
    assert (answer["created"], answer["updated"]) == (3, 1)
    assert set(answer["errors"]) == {"3", "4", "6", "7", "8"}
    for number, column in (("3", "login"), ("4", "password"), ("6", "email"), ("7", "is_active")):
        assert answer["errors"][number].startswith(f"{column}: "), answer["errors"]
    with domain_scope(cast.north):
        assert User.objects.filter(login__in=["good1", "good3"]).count() == 2
        assert User.objects.get(pk=cast.bob.pk).email == "bob2@example.net"
        assert User.objects.get(pk=cast.bob.pk).check_password(PASSWORD), "an empty cell changes nothing"


@pytest.mark.parametrize(
    "text",
    [
        "\ufefflogin,password\nivanov,CergitMig\n",
        "login;password\r\nivanov;CergitMig\r\n",
        "login\tpassword\nivanov\tCergitMig",
        '"login","password"\n"ivanov","CergitMig"\n',
        " Password , LOGIN \nCergitMig,ivanov\n",
        "\n\n  login,password\nivanov,CergitMig\n",
        "password,,login,department\nCergitMig,x,ivanov,Sales\n",
        "login,password\rivanov,CergitMig\r",
    ],
    ids=["bom", "semicolons", "tabs", "quotes", "order and case", "empty lines", "other columns", "old mac"],
)
def test_csv_in_the_habits_of_those_who_write_it(cast: Cast, text: str) -> None:
    assert send(with_key(cast.north_key), text).ok() == {"created": 1, "updated": 0, "deleted": 0, "errors": {}}
    assert nobody().post("auth/login", {"login": "ivanov", "password": "CergitMig"}).ok()["login"] == "ivanov"


@pytest.mark.parametrize(
    ("text", "field"),
    [("", None), ("   \n ", None), ("email,password\na@b.example,12345\n", "login"), ("login,login\na,b\n", "login")],
)
def test_a_table_without_logins_is_no_list_of_users(cast: Cast, text: str, field: str | None) -> None:
    send(with_key(cast.north_key), text).refused(400, "ValidationError", field)


def test_what_an_export_guarded_from_spreadsheets_comes_back_as_it_was(cast: Cast) -> None:
    for word in ("=1+1", "+49 40 555", "-x", "@sum", "\tx", "plain", "'quoted"):
        assert tables._unguarded(tables.guarded(word)) == word
    text = "login,note,phone\nivanov,'=HYPERLINK(1),'+49 40 555\n"
    send(with_key(cast.north_key), text).ok()
    with domain_scope(cast.north):
        user = User.objects.get(login="ivanov")
        assert (user.note, user.phone) == ("=HYPERLINK(1)", "+49 40 555")


def test_a_line_may_delete_a_user_and_the_last_administrator_stays(cast: Cast) -> None:
    text = "login,is_deleted\nbob@example.org,1\nnobody,1\nnora@example.org,1\ncharlie@example.org,0\n"
    crm = with_key(cast.north_key)
    answer = send(crm, text).ok()
    assert (answer["created"], answer["updated"], answer["deleted"], set(answer["errors"])) == (0, 0, 1, {"4"})
    assert send(crm, text).ok()["deleted"] == 0
    crm.get(f"users/{cast.bob.pk}").refused(404, "NotFound")


def test_users_come_into_the_organization_that_is_named(cast: Cast) -> None:
    crm, text = (
        with_key(cast.north_key),
        f"login,organization_id\nnew,{cast.harbour.pk}\nbob@example.org,{cast.mill.pk}\n",
    )
    assert send(crm, text).ok() == {"created": 1, "updated": 1, "deleted": 0, "errors": {}}
    assert send(crm, text).ok() == NOTHING
    with domain_scope(cast.north):
        assert Membership.objects.filter(user__login="new", organization=cast.harbour).exists()
        assert Membership.objects.filter(user=cast.bob, organization=cast.mill).exists()
    refused = send(crm, f"login,organization_id\nx,{cast.orchard.pk}\ny,zero\n").ok()
    assert set(refused["errors"]) == {"2", "3"}


def test_an_administrator_who_is_called_read_only_stays_administrator(cast: Cast) -> None:
    crm, text = with_key(cast.north_key), "login,is_admin,is_readonly\nboss,1,1\n"
    assert send(crm, text).ok()["created"] == 1
    assert send(crm, text).ok() == NOTHING


def test_only_administrators_take_in_lists(cast: Cast) -> None:
    for person in (cast.alice, cast.ada, cast.bob):
        send(as_user(person), MANUAL).refused(403, "Forbidden")
    send(nobody(), MANUAL).refused(403, "Forbidden")
    send(as_user(cast.bob), "title,stream_url\nx,fake://fake\n", "cameras/import").refused(403, "Forbidden")


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "[1]",
        '["x"]',
        "[{]",
        '[{"login": "a"} {"login": "b"}]',
        "[" * 100_000,
        '[{"login": NaN}]',
        "{}",
        '{"login": 5}',
    ],
)
def test_json_that_is_none_is_told_and_never_a_fault_of_ours(cast: Cast, text: str) -> None:
    answer = send(with_key(cast.north_key), text)
    assert answer.status in {200, 400}
    assert answer.status == 400 or answer.body["errors"] or answer.body["created"]


def test_what_is_no_text_is_told_with_its_line(cast: Cast) -> None:
    answer = send(with_key(cast.north_key), b"login,note\ngood,ok\nbad,\xff\xfe\nzero,a\x00b\nlast,ok\n").ok()
    assert (answer["created"], set(answer["errors"])) == (2, {"3", "4"})


def test_quotes_that_do_not_match_do_not_eat_all_that_follows_silently() -> None:
    text = 'login,note\na,"never ends\n' + "".join(f"u{number},x\n" for number in range(30_000))
    lines = list(tables.read(io.BytesIO(text.encode())))
    assert lines[0].fault
    assert lines[-1].values["login"] == "u29999"


def test_a_line_without_an_end_is_refused() -> None:
    with pytest.raises(Invalid):
        list(tables.read(io.BytesIO(b"login\n" + b"x" * 2_000_000)))


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_hundred_thousand_lines_are_read_in_constant_memory(kind: str) -> None:
    """Each line is handed out and forgotten (security.md: check 13)."""

    def pieces() -> Iterator[bytes]:
        yield b"login,note\n" if kind == "csv" else b"["
        for number in range(100_000):
            row = (
                f"user{number},{'x' * 100}\n"
                if kind == "csv"
                else f'{{"login": "user{number}", "note": "{"x" * 100}"}},'
            )
            yield row.encode()
        yield b"last,x\n" if kind == "csv" else b'{"login": "last"}]'

    stream = io.BufferedReader(_Stream(pieces()))
    tracemalloc.start()
    count = sum(not line.fault for line in tables.read(stream))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_001
    assert peak < 3_000_000, f"{peak} bytes for 12 MB"


class _Stream(io.RawIOBase):
    """Bytes that are made as they are read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._left = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._left) < len(buffer) and (piece := next(self._pieces, b"")):
            self._left += piece
        found, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)


CAMERAS = (
    "title,name,static,stream_url,substream_url,thumbnails,onvif_url,onvif_profile,ptz,access,owner,enabled,dvr_path,"
    "dvr_depth,coordinates,postal_address,comment,agent_model,agent_serial,agent_id,agent_key,agent_pin,organization_id\n"
    "Door,door-1,1,rtsp://93.184.216.34/main,rtsp://93.184.216.34/sub,1,no,,0,private,,1,/etc,7,53.5 9.9,Quay 1,note,"
    "M1,S1,A1,secret-of-agent,1234,ORG\n"
    "Quay,,0,fake://clock,,http://93.184.216.34/x.jpg,http://93.184.216.34/onvif,main,1,,,0,,0,,,,,,,,,ORG\n"
)


def test_cameras_are_taken_in_with_the_columns_of_v2(cast: Cast) -> None:
    crm, text = with_key(cast.north_key), CAMERAS.replace("ORG", str(cast.harbour.pk))
    assert send(crm, text, "cameras/import", "text/csv").ok() == {
        "created": 2,
        "updated": 0,
        "deleted": 0,
        "errors": {},
    }
    assert send(crm, text, "cameras/import", "text/csv").ok() == NOTHING
    door = crm.get("cameras/door-1").ok()
    assert (door["title"], door["agent_serial"], door["coordinates"], door["comment"]) == (
        "Door",
        "S1",
        "53.5 9.9",
        "note",
    )
    assert (door["organization_id"], door["dvr_path"], door["onvif_url"]) == (cast.harbour.pk, None, None)
    quay = next(row for row in crm.get("cameras").ok() if row["title"] == "Quay")
    assert (quay["enabled"], quay["static"], quay["onvif_ptz"], quay["thumbnails"]) == (False, False, True, True)
    assert quay["thumbnails_url"] == "http://93.184.216.34/x.jpg"


def test_cameras_are_taken_in_with_the_columns_of_v3(cast: Cast) -> None:
    with domain_scope(cast.north):
        free = presets.add_preset(acting_user=None, title="Free", is_adjustable=True, is_everywhere=True)
    text = (
        "name,title,comment,static,disabled,inputs_0_url,inputs_1_url,dvr_expiration,dvr_episodes_expiration,"
        "dvr_storage_limit,dvr_redundancy_factor,vision_alg,vision_areas,organization_id,coordinates_latitude,"
        "coordinates_longitude,is_test,onvif_ptz,preset_id\n"
        "cam-e7fee73458,Primary camera title,,true,false,rtsp://93.184.216.34/stream/main,"
        "rtsp://93.184.216.34/stream/sub,86400,259200,32212254720,3,faces,x1 y1,"
        f"{cast.harbour.pk},55.71182944518981,37.7775426954031,false,false,{free.pk}\n"
        ",Secondary camera title,Camera comment,true,false,rtsp://93.184.216.34/stream2/main,,172800,432000,,0,"
        "plates,x2 y2,"
        f"{cast.harbour.pk},51.711667039488155,35.77733281254769,true,true,{free.pk}\n"
    )
    crm = with_key(cast.north_key)
    assert send(crm, text, "cameras/import").ok()["created"] == 2
    assert send(crm, text, "cameras/import").ok() == NOTHING
    first = crm.get("cameras/cam-e7fee73458").ok()
    assert (first["dvr_depth"], first["dvr_lock_days"], first["dvr_space"]) == (1.0, 3, 32)
    assert (first["enabled"], first["coordinates"]) == (True, "55.71182944518981 37.7775426954031")


def test_a_camera_keeps_its_serial_number_when_its_agent_changes(cast: Cast) -> None:
    """Item 166: merge by agent_serial; what a line does not say stays."""
    crm = with_key(cast.north_key)
    rows = [
        {"title": "Gate 7", "agent_serial": "SN-7", "agent_id": "one", "stream_url": "fake://fake", "comment": "mine"}
    ]
    assert send(crm, orjson.dumps(rows), "cameras/import").ok()["created"] == 1
    rows = [{"agent_serial": "SN-7", "agent_id": "two", "organization_id": str(cast.mill.pk)}]
    assert send(crm, orjson.dumps(rows), "cameras/import").ok() == {
        "created": 0,
        "updated": 1,
        "deleted": 0,
        "errors": {},
    }
    with domain_scope(cast.north):
        camera = Camera.objects.get(agent_serial="SN-7")
        assert (camera.agent_id, camera.comment, camera.organization_id) == ("two", "mine", cast.mill.pk)


def test_a_private_camera_lies_in_its_owners_folder_or_organization(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    rows = [
        {"title": "Hers", "stream_url": "fake://fake", "owner": "alice@example.org"},
        {"title": "His", "stream_url": "fake://fake", "owner": "charlie@example.org"},
        {"title": "New", "stream_url": "fake://fake", "login": "fresh", "password": "12345", "user_enabled": 0},
        {"title": "Nobodys", "stream_url": "fake://fake", "owner": "stranger"},
        {"title": "Open", "stream_url": "fake://fake", "access": "public"},
    ]
    answer = send(crm, orjson.dumps(rows), "cameras/import").ok()
    assert (answer["created"], set(answer["errors"])) == (3, {"4", "5"})
    assert send(crm, orjson.dumps(rows[:3]), "cameras/import").ok() == NOTHING
    assert [row["title"] for row in as_user(cast.charlie).get("cameras").ok()] == ["His"]
    with domain_scope(cast.north):
        assert Camera.objects.get(title="Hers").organization_id == cast.harbour.pk
        assert User.objects.get(login="fresh").is_active is False
        grant = FolderPermission.objects.get(user=cast.charlie)
        assert (grant.can_view_dvr, grant.folder.title) == (True, "charlie@example.org")


def test_bad_cameras_are_told_and_each_line_is_asked_for_its_own_place(cast: Cast) -> None:
    rows = [
        {"title": "Good", "stream_url": "fake://fake", "organization_id": cast.harbour.pk},
        {"title": "", "stream_url": "fake://fake", "organization_id": cast.harbour.pk},
        {"title": "File", "stream_url": "file:///etc/passwd", "organization_id": cast.harbour.pk},
        {"title": "Loop", "stream_url": "rtsp://127.0.0.1/x", "organization_id": cast.harbour.pk},
        {"title": "Theirs", "stream_url": "fake://fake", "organization_id": cast.mill.pk},
        {"name": "wheel", "title": "Mine now", "organization_id": cast.harbour.pk},
        {"title": "Depth", "stream_url": "fake://fake", "dvr_depth": "for ever", "organization_id": cast.harbour.pk},
    ]
    answer = send(as_user(cast.alice), orjson.dumps(rows), "cameras/import").ok()
    assert (answer["created"], set(answer["errors"])) == (1, {"2", "3", "4", "5", "6", "7"})
    assert answer["errors"]["3"].startswith("stream_url: ")
    with domain_scope(cast.north):
        assert Camera.objects.get(name="wheel").title == "Wheel"
        assert Organization.objects.get(pk=cast.mill.pk).cameras.count() == 1
