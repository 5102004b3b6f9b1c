"""Why a camera has footage of a moment or none (item 301): the facts of a window, put in one row without holes.

Each instant gets one reason. Where several hold, the one that rules out the others is told: what does not exist yet
cannot be switched off, and a camera in privacy mode is not out of order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices import access as camera_access
from devices.models import Camera, CameraStatus, ModeSpan, OutageSpan, ProtectedSpan
from devices.services import protection
from tenants import clock
from tenants.access import visible_organizations
from tenants.errors import Invalid, Missing
from tenants.models import User

LONGEST = timedelta(days=366)
Mode = ModeSpan.Mode


class Reason(StrEnum):
    """What a span of the timeline is about. `recorded`: the camera ran and there was nothing in its way."""

    FUTURE = "future"
    NOT_CREATED = "not_created"
    DELETED = "deleted"
    DISABLED = "disabled"
    PRIVACY = "privacy"
    LIVE_ONLY = "live_only"
    KEPT = "kept"
    RETENTION = "retention"
    SPACE = "space"
    OUTAGE = "outage"
    ON_DEMAND = "on_demand"
    UNKNOWN = "unknown"
    RECORDED = "recorded"


WORDS = {
    Reason.FUTURE: gettext_lazy("This is still to come."),
    Reason.NOT_CREATED: gettext_lazy("The camera did not exist yet."),
    Reason.DELETED: gettext_lazy("The camera was deleted."),
    Reason.DISABLED: gettext_lazy("The camera was switched off."),
    Reason.PRIVACY: gettext_lazy("Privacy mode was on."),
    Reason.LIVE_ONLY: gettext_lazy("The plan had no archive."),
    Reason.KEPT: gettext_lazy("Kept longer than the archive's days."),
    Reason.RETENTION: gettext_lazy("Older than the archive that is kept."),
    Reason.SPACE: gettext_lazy("Removed to make room: the archive's gigabytes were used up."),
    Reason.OUTAGE: gettext_lazy("The camera gave no video."),
    Reason.ON_DEMAND: gettext_lazy("The camera records only while somebody watches."),
    Reason.UNKNOWN: gettext_lazy("It is not known what the camera did then."),
    Reason.RECORDED: gettext_lazy("The camera was to record."),
}
OUTAGES = {
    "unreachable": gettext_lazy("The camera did not answer."),
    "unauthorized": gettext_lazy("The camera refused the login or password."),
    "no_video": gettext_lazy("The camera answered but sent no video."),
    "unsupported_codec": gettext_lazy("The camera sent a format that cannot be recorded."),
    "refused_address": gettext_lazy("The camera's address was outside the networks that may be reached."),
    "not_found": gettext_lazy("The camera had no such stream."),
    "stalled": gettext_lazy("The camera stopped sending pictures."),
    "disk_full": gettext_lazy("The recording server had no free space."),
    "streamer_down": gettext_lazy("The recording server did not answer."),
    "no_streamer": gettext_lazy("No recording server that the camera may be on answered."),
    "suspended": gettext_lazy("The service was suspended."),
    "starting": gettext_lazy("The camera was being connected."),
}


@dataclass(frozen=True)
class Because:
    """A span and its reason; `code` is an outage's error code, `user_login` who decided it, where somebody did."""

    began_at: datetime
    ended_at: datetime
    reason: Reason
    code: str = ""
    user_login: str = ""


@dataclass(frozen=True)
class Facts:
    """All that is known of one camera in a window."""

    modes: Sequence[ModeSpan]
    outages: Sequence[OutageSpan]
    created_at: datetime | None
    kept_since: datetime | None  # what is older has gone by the preset's days
    room_since: datetime | None  # what is older has gone for want of space
    now: datetime
    tells_who: bool = True  # names are for those who run the camera
    seen_since: datetime | None = None  # what is older is beyond the viewer's right to the archive
    protected: Sequence[ProtectedSpan] = ()  # kept although older than the days, while there is room


def words(span: Because) -> str:
    """The reason for people, with who decided it."""
    said = str(OUTAGES.get(span.code, WORDS[span.reason]))
    return _("%(reason)s By %(login)s.") % {"reason": said, "login": span.user_login} if span.user_login else said


def reasons_of(user: User, name: str, *, since: datetime, until: datetime) -> list[Because]:
    """The reasons of a window for whoever may see the camera's archive; of a deleted camera, for whoever runs its
    organization. Raises Invalid for no window or a longer one than a year, Missing, Forbidden."""
    if not since < until or until - since > LONGEST:
        raise Invalid(_("Ask for a window of up to 366 days, its end after its beginning."), field="from")
    facts = _facts(user, name, since, until)
    found = explain(facts, since, until)
    return found if facts.tells_who else [replace(span, user_login="") for span in found]


def _facts(user: User, name: str, since: datetime, until: datetime) -> Facts:
    now = clock.now()
    if not Camera.objects.filter(name=name).exists():
        number = _deleted(user, name)
        return Facts(*_spans(number, since, until), created_at=None, kept_since=None, room_since=None, now=now)
    camera = camera_access.camera_for(user, name, "dvr")
    held = camera_access.rights(user, camera)
    limit = now - timedelta(days=held.dvr_depth_limit) if held.dvr_depth_limit is not None else None
    status: CameraStatus | None = getattr(camera, "status", None)
    kept = now - timedelta(days=camera.dvr_depth) if camera.dvr_depth else None
    room = None
    if camera.dvr_space and status is not None and status.dvr_from:
        room = datetime.fromtimestamp(status.dvr_from, tz=now.tzinfo)
    return Facts(
        *_spans(camera.pk, max(since, limit or since), until, camera.organization_id),
        created_at=camera.created_at, kept_since=kept, room_since=room, now=now, tells_who=held.edit, seen_since=limit,
        protected=list(protection.protected_of(camera, max(since, limit or since), until)),
    )  # fmt: skip


def _deleted(user: User, name: str) -> int:
    """The number of the camera that had this name last."""
    mine = visible_organizations(user).filter(Q(owner=user) if not user.is_admin else Q())
    row = (
        ModeSpan.objects.filter(camera_name=name, mode=Mode.DELETED, organization_id__in=mine.values("pk"))
        .order_by("-began_at")
        .first()
    )
    if row is None:
        raise Missing(_("There is no such camera."))
    return int(row.camera_id)


def _spans(
    number: int, since: datetime, until: datetime, organization_id: int | None = None
) -> tuple[list[ModeSpan], list[OutageSpan]]:
    """The facts of a camera; of what it was told in another organization the present one learns nothing."""
    within = Q(began_at__lt=until) & (Q(ended_at=None) | Q(ended_at__gt=since))
    here = Q(organization_id=organization_id) if organization_id else Q()
    modes = list(ModeSpan.objects.filter(within, here, camera_id=number))
    return modes, list(OutageSpan.objects.filter(within, camera_id=number))


def explain(facts: Facts, since: datetime, until: datetime) -> list[Because]:
    """The window as spans that touch each other, from its beginning to its end."""
    edges = sorted({since, until, *(moment for moment in _edges(facts) if since < moment < until)})
    sweeps = _Sweep(facts.modes), _Sweep(facts.outages), _Sweep(facts.protected)
    return list(_joined(_at(facts, began, ended, *sweeps) for began, ended in pairwise(edges)))


class _Sweep:
    """The spans that cover moments, asked for in the order of time: each span is looked at while it lasts."""

    def __init__(self, spans: Sequence[Any]) -> None:
        self._waiting = deque(sorted(spans, key=lambda span: span.began_at))
        self._open: list[Any] = []

    def at(self, moment: datetime) -> Any:
        """The latest of those that cover the moment, or None."""
        while self._waiting and self._waiting[0].began_at <= moment:
            self._open.append(self._waiting.popleft())
        self._open = [span for span in self._open if span.ended_at is None or moment < span.ended_at]
        return self._open[-1] if self._open else None


def _edges(facts: Facts) -> Iterable[datetime]:
    yield facts.now
    for moment in (facts.created_at, facts.kept_since, facts.room_since, facts.seen_since):
        if moment is not None:
            yield moment
    spans: list[Any] = [*facts.modes, *facts.outages, *facts.protected]
    for span in spans:
        yield span.began_at
        if span.ended_at is not None:
            yield span.ended_at


def _at(facts: Facts, began: datetime, ended: datetime, modes: _Sweep, outages: _Sweep, protected: _Sweep) -> Because:
    """The reason of an interval in which nothing changes."""
    mode, outage, is_protected = modes.at(began), outages.at(began), protected.at(began) is not None
    reason = _reason(facts, mode, outage, began, is_protected)
    by = mode.user_login if mode and reason in {Reason.DELETED, Reason.DISABLED, Reason.PRIVACY} else ""
    return Because(began, ended, reason, outage.code if outage and reason == Reason.OUTAGE else "", by)


def _reason(
    facts: Facts, mode: ModeSpan | None, outage: OutageSpan | None, moment: datetime, is_protected: bool
) -> Reason:
    if moment >= facts.now:
        return Reason.FUTURE
    if facts.created_at is not None and moment < facts.created_at:
        return Reason.NOT_CREATED
    if facts.seen_since is not None and moment < facts.seen_since:
        return Reason.RETENTION
    if mode is None:
        return _unheard_of(facts, moment)
    if mode.mode in {Mode.DELETED, Mode.DISABLED, Mode.PRIVACY, Mode.LIVE_ONLY}:
        return Reason(mode.mode)
    if facts.kept_since is not None and moment < facts.kept_since:
        return Reason.KEPT if is_protected else Reason.RETENTION
    if outage is not None:
        return Reason.OUTAGE
    if facts.room_since is not None and moment < facts.room_since:
        return Reason.SPACE
    return Reason.ON_DEMAND if mode.mode == Mode.ON_DEMAND else Reason.RECORDED


def _unheard_of(facts: Facts, moment: datetime) -> Reason:
    """Nothing was noted: before a deleted camera's beginning, or before facts were kept at all."""
    first = min((span.began_at for span in facts.modes), default=None)
    is_before = first is not None and moment < first
    return Reason.NOT_CREATED if facts.created_at is None and is_before else Reason.UNKNOWN


def _joined(spans: Iterable[Because]) -> Iterable[Because]:
    """Neighbours of the same reason as one."""
    last: Because | None = None
    for span in spans:
        if last and (last.reason, last.code, last.user_login) == (span.reason, span.code, span.user_login):
            last = Because(last.began_at, span.ended_at, last.reason, last.code, last.user_login)
            continue
        if last:
            yield last
        last = span
    if last:
        yield last
