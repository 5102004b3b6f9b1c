"""Camera actions (item 107, T31): set up by whoever edits the camera, run by whoever has the right to actions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.utils.translation import gettext as _

from devices.models import Camera, CameraAction
from devices.services.cameras import MASK, shown
from tenants import access, audit, clock, outbound
from tenants.addresses import AddressRefused, camera_policy, check_literal
from tenants.errors import Conflict, Forbidden, Invalid, Missing, PerchError, TooManyAttempts
from tenants.models import User
from tenants.scoping import current_domain_id
from tenants.services.validation import assign, check

MOST = 12  # of a camera
APART = timedelta(seconds=0.2)  # at most five a second of a camera, whoever runs them
DEADLINE = 3.0  # seconds for the whole call
LARGEST = 64 * 1024
LOCK = 0x6163746E  # one action of a camera at a time
# The call is made within the request, whose connection it holds: so few at a time, that devices which do not answer
# leave the rest of the portal its own.
ISP_LOCK, AT_ONCE_OF_ISP = 0x61637470, 2
ALL_LOCK, AT_ONCE = 0x61637471, 5
FIELDS = frozenset({"title", "method", "is_confirmed"})
SEALED = {"url": 2000, "headers": 4000, "body": 8000}
_QUERY = re.compile(r"([?&][^=&]*=)[^&]+")  # any value may be a key
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}: ?[\x20-\x7e]{0,2000}")
OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "expect"}


@transaction.atomic
def add_action(camera: Camera, *, acting_user: User, **values: Any) -> CameraAction:
    """Set up an action. Raises Invalid by field."""
    if camera.actions.count() >= MOST:
        raise Conflict(_("A camera has at most %(n)s actions.") % {"n": MOST})
    row = CameraAction(domain_id=current_domain_id(), camera=camera)
    _set(row, {"url": "", **values})
    row.save()
    audit.created(row, acting_user=acting_user)
    return row


@transaction.atomic
def change_action(row: CameraAction, *, acting_user: User, **values: Any) -> CameraAction:
    """Change what is given; an address sent back with stars is unchanged, and so is what is not sent."""
    before = audit.snapshot(row)
    _set(row, values)
    row.save()
    audit.changed(row, before, acting_user=acting_user)
    return row


@transaction.atomic
def remove_action(row: CameraAction, *, acting_user: User) -> None:
    """Take an action away."""
    audit.deleted(row, acting_user=acting_user)
    row.delete()


@transaction.atomic
def run_action(row: CameraAction, *, acting_user: User) -> CameraAction:
    """Make the call, and note what came of it: `last_status` is 0 where nothing did. Raises TooManyAttempts for more
    than five a second of a camera, and Forbidden for read-only people: it changes the world."""
    if acting_user.is_readonly:
        raise Forbidden(_("You may not do this with the camera."))
    _brake(row)
    before = audit.snapshot(row)
    row.last_run_at, row.last_status = clock.now(), _called(row)
    row.save(update_fields=["last_run_at", "last_status"])
    audit.changed(row, before, acting_user=acting_user)
    return row


def action_of(camera: Camera, number: Any) -> CameraAction:
    """A camera's action by number, else Missing."""
    found: CameraAction | None = camera.actions.filter(pk=access.as_id(number)).first()
    if found is None:
        raise Missing(_("There is no such action."))
    return found


def cameras_with_actions(numbers: Iterable[int]) -> set[int]:
    """Which of these cameras have any action."""
    return set(CameraAction.objects.filter(camera__in=list(numbers)).order_by().values_list("camera_id", flat=True))


def is_done(row: CameraAction) -> bool:
    """Whether the last run was answered with success."""
    return row.last_status is not None and 200 <= row.last_status < 300


def _brake(row: CameraAction) -> None:
    isp = row.domain_id * AT_ONCE_OF_ISP
    free = (
        _take(LOCK, [row.camera_id])
        and _take(ISP_LOCK, range(isp, isp + AT_ONCE_OF_ISP))
        and _take(ALL_LOCK, range(AT_ONCE))
    )
    latest = CameraAction.objects.filter(camera=row.camera_id).order_by("-last_run_at").exclude(last_run_at=None)
    last = latest.values_list("last_run_at", flat=True).first()
    if not free or (last is not None and clock.now() - last < APART):
        raise TooManyAttempts(_("Too fast: wait for the answer of the last one."), retry_after=1)


def _take(lock: int, places: Iterable[int]) -> bool:
    """Take the first free one of some places until the transaction ends."""
    with connection.cursor() as cursor:
        for place in places:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [lock, place % 2**31])
            [free] = cursor.fetchone()
            if free:
                return True
    return False


def _called(row: CameraAction) -> int:
    headers = dict(line.split(":", 1) for line in row.headers.splitlines())
    try:
        answer = outbound.fetch(
            row.url,
            policy=camera_policy(),
            method=row.method,
            headers={name: value.strip() for name, value in headers.items()},
            body=row.body.encode() if row.method == CameraAction.Method.POST else None,
            deadline=DEADLINE,
            largest=LARGEST,
        )
    except PerchError:
        return 0
    return answer.status


def _set(row: CameraAction, values: dict[str, Any]) -> None:
    before, typed = _place(row.url), set()
    for name, longest in SEALED.items():
        if name in values:
            text = str(values.pop(name) or "").replace("\r\n", "\n").strip()
            if MASK in text and text == masked(row, name):
                continue
            if len(text) > longest:
                raise Invalid(_("This is too long."), field=name)
            CHECKS[name](text)
            setattr(row, name, text)
            typed.add(name)
    if before != _place(row.url) and before[1]:
        _require_typed(row, typed)
    assign(row, values, FIELDS)
    check(row)


def _place(url: str) -> tuple[str, str, int | None]:
    """Where a call goes: scheme, host, port."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _require_typed(row: CameraAction, typed: set[str]) -> None:
    """Secrets of one place are not sent to another one, which somebody may have chosen to read them."""
    for name in ("headers", "body"):
        if getattr(row, name) and name not in typed:
            raise Invalid(_("Type this again: the address leads elsewhere now."), field=name)


def masked(row: CameraAction, name: str) -> str:
    """An address with stars for passwords and its whole query; of headers the names, of a body whether there is one."""
    text: str = getattr(row, name)
    if name == "url":
        return _QUERY.sub(rf"\1{MASK}", shown(text))
    if name == "headers":
        return "\n".join(f"{line.split(':', 1)[0]}: {MASK}" for line in text.splitlines())
    return MASK if text else ""


def _check_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        port = parts.port or outbound.PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in outbound.PORTS or not parts.hostname or not port or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise Invalid(_("Write an address like http://10.0.0.7/open."), field="url")
    if MASK in text:
        raise Invalid(_("Type the password again: the address has changed."), field="url")
    try:
        check_literal(parts.hostname, port, camera_policy())
    except AddressRefused as error:
        raise Invalid(_("This address is outside the networks that may be reached."), field="url") from error


def _check_headers(text: str) -> None:
    for line in text.splitlines():
        if not _HEADER.fullmatch(line) or line.split(":", 1)[0].lower() in OURS:
            raise Invalid(
                _("Write headers as lines of Name: value; those of the connection are ours."), field="headers"
            )
        if MASK in line:
            raise Invalid(_("Type the headers again: they have changed."), field="headers")


def _check_body(text: str) -> None:
    if text == MASK:
        raise Invalid(_("Type the body again."), field="body")


CHECKS = {"url": _check_url, "headers": _check_headers, "body": _check_body}
