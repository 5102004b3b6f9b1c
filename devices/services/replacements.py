"""Putting a new camera in a broken one's place (item 320): its name, archive, rights, price and events stay.

The new address is tried first, by the streamer that will open it: Perch itself may not reach where cameras are. A trial
is a stream of its own in what the streamer has to run, without archive, and over with the first word about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from devices.models import Camera, CameraReplacement
from devices.services import cameras
from tenants import audit, clock
from tenants.encryption import Undecipherable, context_of_column, decrypt
from tenants.errors import Conflict, Forbidden, Missing
from tenants.models import User
from tenants.scoping import current_domain_id
from tenants.services.validation import lock

State = CameraReplacement.State
OPEN = (State.CHECKING, State.ANSWERED, State.FAILED)
# What belongs to the device and not to the place it hangs in.
DEVICE = ("onvif_url", "onvif_profile", "agent_model", "agent_serial", "agent_id")
CONNECTING = timedelta(seconds=20)  # while it connects, another make knows no more of it than that there is no video
LONGEST = timedelta(seconds=60)  # after which a streamer is not asked any more
TRIAL = "trial-"

# Trials as a streamer's streams, across ISPs: read by the role `fleet`, hence as SQL.
TRIALS = """
SELECT r.id, r.domain_id, r.secret_id, r.stream_url_sealed
FROM devices_camerareplacement r
JOIN tenants_domain d ON d.id = r.domain_id AND d.is_active
JOIN devices_camera c ON c.domain_id = r.domain_id AND c.id = r.camera_id AND NOT c.is_private
WHERE r.streamer_id = %(streamer)s AND r.state = 'checking' AND r.begun_at > %(since)s
ORDER BY r.id
"""
# The first word that says something ends the trial. A streamer speaks of its own trials only.
HEARD = """
UPDATE devices_camerareplacement r
SET state = CASE WHEN s.alive THEN 'answered' ELSE 'failed' END, error_code = s.error_code,
    media_info = s.media_info::jsonb
FROM json_to_recordset(%(reports)s::json) AS s(
    domain_id bigint, name text, alive bool, error_code text, media_info text)
WHERE r.domain_id = s.domain_id AND s.name = 'trial-' || r.secret_id AND r.streamer_id = %(streamer)s
  AND r.state = 'checking' AND (s.alive OR s.error_code NOT IN ('', 'unknown')
       OR s.error_code = 'unknown' AND r.begun_at < %(connected_by)s)
"""


@transaction.atomic
def begin(camera: Camera, *, acting_user: User, **values: Any) -> CameraReplacement:
    """Try a new address, which takes the place of an earlier trial of the camera's. Raises Invalid by field."""
    if camera.is_private:
        raise Forbidden(_("Privacy mode is on: end it before a new camera is opened."))
    drop(camera, acting_user=acting_user)
    row = CameraReplacement(domain_id=current_domain_id(), camera=camera, streamer=camera.streamer)
    row.stream_url = cameras.checked_url(values.pop("stream_url"), camera.stream_url, "stream_url")
    row.substream_url = cameras.checked_url(values.pop("substream_url", ""), camera.substream_url, "substream_url")
    row.fresh = {name: str(values.get(name) or "")[:500].strip() for name in DEVICE}
    row.begun_by, row.begun_at = acting_user.login, clock.now()
    row.save()
    audit.created(row, acting_user=acting_user)
    return row


def drop(camera: Camera, *, acting_user: User) -> None:
    """End a trial without a swap; nothing if there is none."""
    row = pending(camera)
    if row is not None:
        audit.deleted(row, acting_user=acting_user)
        row.delete()


@transaction.atomic
def swap(camera: Camera, *, acting_user: User, unheard: bool = False) -> CameraReplacement:
    """Put the new camera in the old one's place. One that did not answer, `unheard`, only where that is meant: it may
    not hang yet."""
    row = _locked(pending(camera))
    if row.state != State.ANSWERED and not unheard:
        raise Conflict(_("The new camera has not answered."))
    before = audit.snapshot(row)
    row.old_stream_url, row.old_substream_url = camera.stream_url, camera.substream_url
    row.old = {name: getattr(camera, name) for name in DEVICE}
    urls = {"stream_url": row.stream_url, "substream_url": row.substream_url}
    cameras.change_camera(camera, acting_user=acting_user, **urls, **row.fresh)
    row.state, row.done_by, row.done_at, row.streamer = State.DONE, acting_user.login, clock.now(), None
    row.save()
    audit.changed(row, before, acting_user=acting_user)
    return row


@transaction.atomic
def undo(camera: Camera, number: int, *, acting_user: User) -> CameraReplacement:
    """Put the camera back that was there before the last swap."""
    last = camera.replacements.filter(state=State.DONE).order_by("-done_at", "-pk").first()
    if last is None or last.pk != number:
        raise Missing(_("Only the last replacement can be taken back."))
    row = _locked(last)
    if row.state != State.DONE:
        raise Conflict(_("This was taken back already."))
    before = audit.snapshot(row)
    urls = {"stream_url": row.old_stream_url, "substream_url": row.old_substream_url}
    cameras.change_camera(camera, acting_user=acting_user, **urls, **row.old)
    row.state, row.undone_by, row.undone_at = State.UNDONE, acting_user.login, clock.now()
    row.save()
    audit.changed(row, before, acting_user=acting_user)
    return row


def pending(camera: Camera) -> CameraReplacement | None:
    """The camera's trial, if there is one."""
    found: CameraReplacement | None = camera.replacements.filter(state__in=OPEN).first()
    return found


def history(camera: Camera) -> list[CameraReplacement]:
    """The camera's swaps, the last one first."""
    return list(camera.replacements.filter(state__in=[State.DONE, State.UNDONE]).order_by("-done_at", "-pk"))


def is_over(row: CameraReplacement) -> bool:
    """Whether nothing more is to be heard of a trial."""
    return row.state != State.CHECKING or clock.now() - row.begun_at > LONGEST


def _locked(row: CameraReplacement | None) -> CameraReplacement:
    if row is None:
        raise Missing(_("No new camera is being tried."))
    lock(row)
    return row


def trial_entry(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """One row of TRIALS as the streamer contract's stream; None if its address cannot be opened (a lost key)."""
    context = context_of_column(
        CameraReplacement._meta.db_table, "stream_url_sealed", row["secret_id"], row["domain_id"]
    )
    try:
        url = decrypt(row["stream_url_sealed"], context=context)
    except Undecipherable:
        return None
    return {
        "name": f"{TRIAL}{row['secret_id']}~{row['domain_id']}", "title": "", "static": True,
        "inputs": [{"url": url}], "thumbnails": {"enabled": False}, "video_only": True, "transcode_audio": False,
    }  # fmt: skip
