"""The pages for CRMs: keys and their limits, webhooks and their log, the audit log with its filters and export."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.pages.audit_log import KINDS
from tenants import audit, clock
from tenants.models import ApiKey, AuditEntry, Webhook, WebhookDelivery
from tenants.scoping import domain_scope
from tenants.services import changes, organizations, webhooks
from tests.cast import NORTH, Cast

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠x"]


def _key_on(page: str) -> str:
    found: str = re.findall(r'class="key-text">([^<]+)<', page)[0]
    return found


def test_a_key_made_on_the_page_has_the_limits_that_were_chosen(cast: Cast) -> None:
    client = cast.client(cast.nora)
    form = {"title": "Reader", "may_read": "on", "may_changes": "on", "networks": "127.0.0.1, 10.0.0.0/8",
            "last_day": (clock.now() + timedelta(days=9)).date().isoformat()}  # fmt: skip
    page = client.post("/settings/keys/new", form).content.decode()
    key = _key_on(page)
    with domain_scope(cast.north):
        row = ApiKey.objects.get(title="Reader")
    assert (row.rights, row.networks) == (["read", "changes"], ["127.0.0.1/32", "10.0.0.0/8"])
    assert row.expires_at.astimezone(cast.north.zone).strftime("%H:%M:%S") == "00:00:00", (
        "the day is the ISP's, to its end"
    )
    assert cast.api(key).get("/vsaas/api/v2/organizations").status_code == 200
    assert cast.api(key).post("/vsaas/api/v2/organizations", {"title": "x"}).status_code == 403
    listed = client.get("/settings/keys").content.decode()
    assert key not in listed
    assert "10.0.0.0/8" in listed
    changed = client.post(f"/settings/keys/{row.pk}", {"title": "Reader", "everything": "on"})
    assert changed.status_code == 302
    assert cast.api(key).post("/vsaas/api/v2/organizations", {"title": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"title": "x"}, "everything"),
        ({"title": "x", "everything": "on", "networks": "nonsense"}, "networks"),
        ({"title": "x", "everything": "on", "last_day": "2001-01-01"}, "last_day"),
        ({"title": "", "everything": "on"}, "title"),
    ],
)
def test_what_a_key_cannot_be_is_said_beside_the_field(cast: Cast, form: dict[str, str], field: str) -> None:
    page = cast.client(cast.nora).post("/settings/keys/new", form)
    assert page.status_code == 422
    assert "invalid-feedback" in page.content.decode()
    assert page.context["form"].errors.keys() == {field}


def test_people_have_keys_of_their_own(cast: Cast) -> None:
    client = cast.client(cast.bob)
    key = _key_on(client.post("/profile/keys/new", {"title": "Phone", "everything": "on"}).content.decode())
    assert cast.api(key).get("/vsaas/api/v2/auth/whoami").json()["login"] == cast.bob.login
    with domain_scope(cast.north):
        row = ApiKey.objects.get(title="Phone")
        entry = AuditEntry.objects.get(object_type="ApiKey", object_id=str(row.pk))
    assert entry.user_login == cast.bob.login
    assert "Phone" not in cast.client(cast.nora).get("/settings/keys").content.decode()
    assert client.post(f"/profile/keys/{row.pk}/delete").status_code == 302
    assert cast.api(key).get("/vsaas/api/v2/cameras").status_code == 403


@pytest.fixture
def hook(cast: Cast) -> Webhook:
    with domain_scope(cast.north):
        return webhooks.add_webhook(acting_user=cast.nora, url="http://93.184.216.34/crm", title="Billing")[0]


def test_a_webhook_is_made_changed_and_deleted_on_its_pages(cast: Cast) -> None:
    client = cast.client(cast.nora)
    form = {"title": "CRM", "url": "https://93.184.216.34/crm", "is_active": "on", "of_User": "on", "of_Camera": "on"}
    page = client.post("/settings/webhooks/new", form).content.decode()
    secret = _key_on(page)
    with domain_scope(cast.north):
        row = Webhook.objects.get()
    assert row.kinds == ["Camera", "User"]
    assert row.secret == secret
    one = f"/settings/webhooks/{row.pk}"
    assert secret not in client.get(one).content.decode()
    assert client.post(f"{one}/edit", {**form, "title": "Other"}).status_code == 302
    assert "Other" in client.get("/settings/webhooks").content.decode()
    assert _key_on(client.post(f"{one}/secret").content.decode()) != secret
    assert client.post(f"{one}/delete").status_code == 302
    assert client.get(one).status_code == 404
    with domain_scope(cast.north):
        actions = [row.action for row in AuditEntry.objects.filter(object_type="Webhook").order_by("pk")]
    assert actions == ["create", "change", "change", "delete"]


def test_a_webhook_to_a_forbidden_address_is_refused_beside_the_field(cast: Cast) -> None:
    form = {"url": "http://127.0.0.1/", "is_active": "on", "everything": "on"}
    page = cast.client(cast.nora).post("/settings/webhooks/new", form)
    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {"url"}


def test_a_webhook_that_was_switched_off_says_why(cast: Cast, hook: Webhook) -> None:
    with domain_scope(cast.north):
        Webhook.objects.update(is_active=False, stopped_at=clock.now(), stopped_because="status 503")
    page = cast.client(cast.nora).get(f"/settings/webhooks/{hook.pk}").content.decode()
    assert 'role="alert"' in page
    assert "status 503" in page


def test_the_log_of_messages_keeps_its_view_in_the_address(cast: Cast, hook: Webhook) -> None:
    with domain_scope(cast.north):
        for number in range(60):
            sent = webhooks.send_test(hook, acting_user=None)
            state = WebhookDelivery.State.SENT if number % 2 else WebhookDelivery.State.PARKED
            WebhookDelivery.objects.filter(pk=sent.pk).update(state=state, answer="<script>", status=200)
    client = cast.client(cast.nora)
    page = client.get(f"/settings/webhooks/{hook.pk}").content.decode()
    assert page.count('class="log-entry"') == 50
    assert "<script>" not in page.replace("<script", "", page.count("<script type") + page.count("<script src"))
    older = re.findall(r'href="(\?[^"]*before=\d+)"', page)[0]
    assert client.get(f"/settings/webhooks/{hook.pk}{older}").content.decode().count('class="log-entry"') == 10
    only = client.get(f"/settings/webhooks/{hook.pk}?state=parked").content.decode()
    assert only.count('class="log-entry"') == 30


def test_send_again_and_send_a_test(cast: Cast, hook: Webhook) -> None:
    client = cast.client(cast.nora)
    client.post(f"/settings/webhooks/{hook.pk}/test")
    with domain_scope(cast.north):
        row = WebhookDelivery.objects.get()
        WebhookDelivery.objects.update(state=WebhookDelivery.State.SENT)
    assert client.post(f"/settings/webhooks/{hook.pk}/deliveries/{row.pk}/again").status_code == 302
    with domain_scope(cast.north):
        assert WebhookDelivery.objects.get().state == WebhookDelivery.State.WAITING


def _titles(client: Client, query: str) -> set[str]:
    page = client.get(f"/audit/?{query}")
    assert page.status_code == 200
    return {entry.object_title for entry, _changed in page.context["entries"]}


def test_the_audit_log_is_filtered_by_person_object_action_time_and_address(cast: Cast) -> None:
    def change(title: str, ip: str, when: timedelta, by: Any) -> None:
        origin = audit.Origin(ip=ip, request_id=f"request-{title}")
        with domain_scope(cast.north), audit.originating(origin), clock.frozen(clock.now() + when):
            organizations.add_organization(acting_user=by, title=title)

    change("Early", "192.0.2.10", timedelta(days=-3), cast.nora)
    change("Late", "198.51.100.7", timedelta(0), cast.alice)
    change("Sixth", "2001:db8::1", timedelta(0), None)
    client = cast.client(cast.nora)
    only = "kind=Organization"
    assert _titles(client, f"{only}&person=nora") == {"Early"}
    assert _titles(client, f"{only}&person=ALICE") == {"Late"}
    assert _titles(client, f"{only}&ip=192.0.2.0/24") == {"Early"}
    assert _titles(client, f"{only}&ip=198.51.100.7") == {"Late"}
    assert _titles(client, f"{only}&ip=2001:db8::/32") == {"Sixth"}
    assert _titles(client, f"{only}&q=arl") == {"Early"}
    assert _titles(client, "request=request-Late&kind=Organization") == {"Late"}
    day = (clock.now() - timedelta(days=3)).astimezone(cast.north.zone).date().isoformat()
    assert _titles(client, f"{only}&from={day}&to={day}") == {"Early"}
    assert _titles(client, f"{only}&action=delete") == set()
    assert "Early" in _titles(client, "from=nonsense&to=0000-00-00")
    assert client.get("/audit/?ip=nonsense").context["fault"]
    assert client.get("/audit/?q=%00&person=%27%22%25_").status_code == 200


def test_the_audit_log_shows_from_what_to_what_and_hides_no_filter(cast: Cast) -> None:
    client = cast.client(cast.nora)
    client.post(f"/organizations/{cast.harbour.pk}/general",
                {"title": "Port", "camera_limit": "9", "user_limit": "9", "dvr_limit": "9"})  # fmt: skip
    page = client.get(f"/audit/?kind=Organization&object={cast.harbour.pk}&action=change").content.decode()
    assert re.search(r"<del>Harbour</del>\s*<ins>Port</ins>", page)
    assert f"POST /organizations/{cast.harbour.pk}/general" in page
    assert f'name="object" value="{cast.harbour.pk}"' in page


def test_the_export_holds_every_row_of_the_filter_and_no_formula(cast: Cast) -> None:
    with domain_scope(cast.north):
        for text in FORMULAS:
            audit.record(AuditEntry.Action.CHANGE, cast.harbour, acting_user=None, changed={"note": [None, text]},
                         object_id=text)  # fmt: skip
        AuditEntry.objects.bulk_create(
            AuditEntry(domain_id=cast.north.pk, action="change", object_type="Plan", object_id=str(number),
                       created_at=clock.now()) for number in range(1200)
        )  # fmt: skip
        total = AuditEntry.objects.count()
    client = cast.client(cast.nora)
    answer: Any = client.get("/audit/export")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == total + 1
    assert answer["Content-Disposition"] == 'attachment; filename="audit-log.csv"'
    assert not [cell for row in rows for cell in row if cell.startswith(tuple("=+-@\t\r＝＋－＠"))]
    assert {row[5].removeprefix("'") for row in rows} >= set(FORMULAS)
    some: Any = client.get("/audit/export?kind=Plan")
    assert len(list(csv.reader(io.StringIO(b"".join(some.streaming_content).decode("utf-8-sig"))))) == 1201


def test_the_export_of_one_isp_holds_nothing_of_another(cast: Cast) -> None:
    answer: Any = cast.client(cast.nora, NORTH).get("/audit/export")
    text = b"".join(answer.streaming_content).decode()
    assert "Harbour" in text
    assert "Orchard" not in text


def test_the_command_tells_that_the_chain_holds_and_of_which_end(cast: Cast, capsys: Any) -> None:
    call_command("audit_verify", "--isp", "north")
    said = capsys.readouterr().out
    found = re.search(r"north: (\d+) rows hold; the end is (\d+):([0-9a-f]{64})", said)
    assert found
    assert found[1] == found[2]
    call_command("audit_verify", "--isp", "north", "--expect", f"{found[2]}:{found[3]}")
    with pytest.raises(CommandError, match="north"):
        call_command("audit_verify", "--isp", "north", "--expect", f"{found[2]}:{'0' * 64}")
    with pytest.raises(CommandError, match="north"):
        call_command("audit_verify", "--isp", "north", "--expect", f"{int(found[2]) + 1}:{found[3]}")


def test_every_object_of_the_log_has_a_word_for_readers(cast: Cast) -> None:
    with domain_scope(cast.north):
        known = set(AuditEntry.objects.values_list("object_type", flat=True))
    assert known
    assert known <= set(KINDS)


def test_the_feed_tells_both_ids_who_and_what(cast: Cast) -> None:
    api = cast.api(cast.north_key)
    start = api.get("/vsaas/api/v2/changes?since=now").json()
    assert start["changes"] == []
    cast.client(cast.nora).post(
        "/organizations/new", {"title": "New", "camera_limit": "9", "user_limit": "9", "dvr_limit": "9"}
    )
    with domain_scope(cast.north):
        organizations.change_organization(cast.mill, acting_user=cast.nora, external_id="crm-7")
    answer = api.get(f"/vsaas/api/v2/changes?since={start['cursor']}").json()
    made = next(row for row in answer["changes"] if row["object_type"] == "Organization")
    assert (made["action"], made["name"], made["user"]) == ("create", "New", cast.nora.login)
    assert "title" in made["fields"]
    last = answer["changes"][-1]
    assert (last["id"], last["external_id"], last["fields"]) == (str(cast.mill.pk), "crm-7", ["external_id"])
    assert last["changed"] == {"external_id": ["", "crm-7"]}
    assert answer["has_more"] is False
    assert int(answer["cursor"]) == last["position"]


def test_the_feed_walks_page_by_page_and_refuses_what_is_no_cursor(cast: Cast) -> None:
    api, cursor, seen = cast.api(cast.north_key), "0", []
    while True:
        page = api.get(f"/vsaas/api/v2/changes?since={cursor}&limit=5").json()
        seen += [row["position"] for row in page["changes"]]
        cursor = page["cursor"]
        if not page["has_more"]:
            break
    assert seen == list(range(1, len(seen) + 1))
    with domain_scope(cast.north):
        assert seen[-1] == changes.head()
    for wrong in ("x", "-1", "1.5", str(seen[-1] + 1), "9" * 40):
        refused = api.get(f"/vsaas/api/v2/changes?since={wrong}")
        assert refused.status_code == 400
        assert refused.json()["field"] == "since"
