"""External authentication: the ISP's own authority says whether a password is right (items 177-179, decision k).

| the authority says                      | somebody gets in                                                        |
|-----------------------------------------|-------------------------------------------------------------------------|
| yes (200, Access-Accept)                | if Perch knows the login; our salted copy of the password is refreshed  |
| no (403, 404, 400, Access-Reject, other)| never                                                                   |
| nothing within two seconds (or 502-504) | by our copy, if it was confirmed within N days and not revoked since    |

Our copy of a password is revoked when the authority no longer knows the person (404, Access-Reject of that very
password) or calls that very password wrong (403): whoever was dismissed does not get in by an outage. It is good again
after the next yes, or when an administrator sets a new one. Somebody the authority never spoke of is checked by our
own database during an outage, as the manual has it. Accounts are never made here: subscribers are set up beforehand.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import Enum
from typing import Any, LiteralString
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock, outbound, radius
from tenants.addresses import AddressPolicy, AddressRefused, NameUnknown, camera_policy, check_literal
from tenants.aside import aside
from tenants.errors import Invalid, PerchError
from tenants.models import OuterDoor, OuterVerdict, User
from tenants.scoping import current_domain_id
from tenants.secrets import digest
from tenants.services.validation import assign, check

logger = logging.getLogger(__name__)
DEADLINE = 2.0  # seconds (item 177)
LARGEST = 64 * 1024
SHORTEST_SECRET = 16
AWAY = {502, 503, 504}  # a gateway's own words for a backend out of reach
FIELDS = frozenset(
    {
        "kind", "url", "method", "radius_host", "radius_port", "radius_secret", "require_authenticator",
        "lock_on_reject", "cache_days",
    }
)  # fmt: skip


class Verdict(Enum):
    """What the authority says of a login and password."""

    YES = "yes"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SILENCE = "silence"


class Fallback(Enum):
    """Perch's own database decides."""

    LOCAL = "local"


LOCAL = Fallback.LOCAL


def door() -> OuterDoor | None:
    """The ISP's authority on passwords; None: Perch itself."""
    row = settings_row()
    return row if row is not None and row.kind != OuterDoor.Kind.NONE else None


def settings_row() -> OuterDoor | None:
    """The ISP's settings of external authentication, whether used or not."""
    row: OuterDoor | None = OuterDoor.objects.first()
    return row


def authenticate(login: str, password: str) -> User | Fallback | None:
    """Who gets in by the ISP's own authority: the user, nobody (None), or LOCAL: ask our own database.

    Known and unknown logins cost one look at a password hash each, whatever the answer.
    """
    authority = door()
    if authority is None:
        return LOCAL
    user: User | None = User.objects.filter(login__iexact=login).first()
    verdict = ask(authority, login=user.login if user else login, password=password)
    if verdict is Verdict.SILENCE:
        return _in_silence(authority, user, password)
    same = user.check_password(password) if user else _waste_time(password)
    if user is None or not user.is_active:
        return None
    if verdict is Verdict.YES:
        return _let_in(user, password, same=same)
    _turn_away(authority, user, verdict, same=same)
    return None


def _waste_time(password: str) -> bool:
    User().set_password(password)
    return False


def ask(authority: OuterDoor, *, login: str, password: str) -> Verdict:
    """Ask the authority, at most two seconds."""
    try:
        if authority.kind == OuterDoor.Kind.RADIUS:
            return _ask_radius(authority, login, password)
        return _ask_http(authority, login, password)
    except (outbound.Unreachable, outbound.Garbled, AddressRefused, NameUnknown) as error:
        logger.warning("external authentication did not answer: %s", error.message)
        return Verdict.SILENCE


def _ask_http(authority: OuterDoor, login: str, password: str) -> Verdict:
    answer = outbound.fetch(
        **_request(authority, login, password), policy=camera_policy(), deadline=DEADLINE, largest=LARGEST
    )
    if answer.status in AWAY:
        return Verdict.SILENCE
    meanings = {200: Verdict.YES, 403: Verdict.WRONG, 401: Verdict.WRONG, 404: Verdict.UNKNOWN}
    return meanings.get(answer.status, Verdict.REFUSED)


def _request(authority: OuterDoor, login: str, password: str) -> dict[str, Any]:
    who = {"login": login, "password": password}
    if authority.method == OuterDoor.Method.POST:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return {"url": authority.url, "method": "POST", "headers": headers, "body": orjson.dumps(who)}
    parts = urlsplit(authority.url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *who.items()])
    return {"url": urlunsplit(parts._replace(query=query)), "headers": {"Accept": "application/json"}}


def _ask_radius(authority: OuterDoor, login: str, password: str) -> Verdict:
    server = radius.Server(
        authority.radius_host,
        authority.radius_port,
        authority.radius_secret,
        camera_policy(),
        require_authenticator=authority.require_authenticator,
    )
    answer = radius.ask(server, login=login, password=password, deadline=DEADLINE)
    meanings = {radius.Answer.ACCEPT: Verdict.YES, radius.Answer.REJECT: Verdict.WRONG}
    return meanings.get(answer, Verdict.REFUSED)


def _let_in(user: User, password: str, *, same: bool) -> User:
    """Refresh our copy of the password, and note which copy was confirmed, and when.

    Should the request be undone after all, the copy stays the old one, which is then not the confirmed one.
    """
    if not same:
        before = audit.snapshot(user)
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.changed(user, before, acting_user=None)
    _write(
        "INSERT INTO tenants_outerverdict (domain_id, user_id, confirmed_at, confirmed_digest)"
        " VALUES (%(domain)s, %(user)s, %(now)s, %(digest)s) ON CONFLICT (domain_id, user_id) DO UPDATE SET"
        " confirmed_at = excluded.confirmed_at, confirmed_digest = excluded.confirmed_digest, revoked_at = NULL",
        user=user.pk,
        digest=digest(user.password),
    )
    return user


def _write(statement: LiteralString, **values: Any) -> None:
    """Write something down beside the request, whatever becomes of it."""
    with aside() as cursor:
        cursor.execute(statement, {"domain": current_domain_id(), "now": clock.now(), **values})


def _turn_away(authority: OuterDoor, user: User, verdict: Verdict, *, same: bool) -> None:
    """Note beside the request that our copy is no good any more. A stranger's guess says nothing about it."""
    if verdict is Verdict.UNKNOWN or (verdict is Verdict.WRONG and same):
        _revoke(user)
    if verdict is Verdict.WRONG and authority.kind == OuterDoor.Kind.RADIUS and authority.lock_on_reject:
        _lock(user)


def _revoke(user: User) -> None:
    _write(
        "INSERT INTO tenants_outerverdict (domain_id, user_id, confirmed_digest, revoked_at)"
        " VALUES (%(domain)s, %(user)s, '', %(now)s)"
        " ON CONFLICT (domain_id, user_id) DO UPDATE SET revoked_at = excluded.revoked_at",
        user=user.pk,
    )


def _lock(user: User) -> None:
    """Disable whom RADIUS rejects (the manual's way, decision k: only where it is switched on), by a task."""
    _write(
        "INSERT INTO tenants_outboxmessage (domain_id, actor, arguments, created_at, attempts)"
        " VALUES (%(domain)s, 'tenants.tasks.lock_user', %(arguments)s, %(now)s, 0)",
        arguments=orjson.dumps([user.pk]).decode(),
    )


def _in_silence(authority: OuterDoor, user: User | None, password: str) -> Fallback | None:
    """Whether our own copy may be believed while the authority is silent."""
    verdict = OuterVerdict.objects.filter(user_id=user.pk).first() if user else None
    if verdict is None or user is None:
        return LOCAL
    if verdict.revoked_at is None and _is_good(authority, user, verdict):
        return LOCAL
    _waste_time(password)
    return None


def _is_good(authority: OuterDoor, user: User, verdict: OuterVerdict) -> bool:
    """Whether our copy is the one that was confirmed, and that not too long ago."""
    oldest = clock.now() - timedelta(days=authority.cache_days)
    is_young = verdict.confirmed_at is not None and verdict.confirmed_at > oldest
    return is_young and verdict.confirmed_digest == digest(user.password)


def forget(user: User) -> None:
    """An administrator set a new password: what was said of the old one does not matter any more."""
    OuterVerdict.objects.filter(user_id=user.pk).delete()


@transaction.atomic
def change_door(*, acting_user: User | None, **values: Any) -> OuterDoor:
    """Change whom the ISP asks about passwords. A RADIUS secret that is not given stays, unless the server changes."""
    row = settings_row()
    fresh = row is None
    row = row or OuterDoor(domain_id=current_domain_id())
    before, place = audit.snapshot(row), (row.radius_host, row.radius_port)
    values = {**values, **radius_address(str(values.get("radius_host", "")))}
    secret = values.pop("radius_secret", None)
    assign(row, values, FIELDS)
    if secret is not None or (row.radius_host, row.radius_port) != place:
        row.radius_secret = secret or ""
    _check(row)
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    return row


def radius_address(text: str) -> dict[str, Any]:
    """The manual's spelling of a server in its parts: `radius://host:1812/secret`."""
    if not text.lower().startswith("radius://"):
        return {}
    try:
        parts = urlsplit(text)
        port = parts.port or 1812
    except ValueError as error:
        raise Invalid(_("Write radius://host:1812/secret."), field="radius_host") from error
    found: dict[str, Any] = {"radius_host": parts.hostname or "", "radius_port": port}
    secret = parts.path.removeprefix("/")
    return {**found, "radius_secret": secret} if secret else found


def _check(row: OuterDoor) -> None:
    check(row)
    if row.kind == OuterDoor.Kind.HTTP:
        _check_url(row.url)
    if row.kind == OuterDoor.Kind.RADIUS:
        _check_radius(row)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid(_("This is no http or https address."), field="url") from error
    if parts.scheme not in outbound.PORTS or not parts.hostname or any(not char.isprintable() for char in url):
        raise Invalid(_("This is no http or https address."), field="url")
    if parts.username or parts.password or parts.fragment:
        raise Invalid(_("No login, password or # may be in the address."), field="url")
    _check_reachable(parts.hostname, port or outbound.PORTS[parts.scheme], "url")


def _check_radius(row: OuterDoor) -> None:
    if not row.radius_host:
        raise Invalid(_("Which server?"), field="radius_host")
    if len(row.radius_secret) < SHORTEST_SECRET:
        raise Invalid(
            _("The secret has at least %(n)s characters: short ones are found by trying.") % {"n": SHORTEST_SECRET},
            field="radius_secret",
        )
    _check_reachable(row.radius_host, row.radius_port, "radius_host")


def _check_reachable(host: str, port: int, field: str) -> None:
    policy: AddressPolicy = camera_policy()
    try:
        check_literal(host, port, policy)
    except PerchError as error:
        raise Invalid(_("This address is outside the networks Perch may reach."), field=field) from error
