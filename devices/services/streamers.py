"""Streamers of the installation, and what each of them has to run (the streamer contract: config_external)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from devices.drivers.streamer import STREAMER_DRIVERS
from devices.drivers.streamer.base import Driver
from devices.drivers.streamer.http import Reach
from devices.models import Camera, CameraDrift, CameraReplacement, Streamer, StreamerSpan, Zone
from devices.services import streamer_reach
from devices.services.recognition import vision
from tenants import clock, keys
from tenants.addresses import streamer_policy
from tenants.encryption import Undecipherable, context_of_column, decrypt
from tenants.errors import Conflict
from tenants.models import Domain
from tenants.scoping import domain_scope
from tenants.secrets import digest, new_secret
from tenants.services.validation import assign, check

DAY = 24 * 3600
GIGABYTE = 1_000_000_000
RTSP_PORT = 8554
FOREVER = 100 * 365 * DAY  # seconds: what is protected stays while there is room; the contract knows numbers only
ANSWERING = timedelta(seconds=45)  # a streamer asks every second; its last word is noted every few

# What one streamer runs, across ISPs: read by the role `fleet` in the hot hook, hence as SQL. Suspension, disabling and
# deletion are all expressed by leaving a stream out. An adjustable preset lets the camera's own archive settings rule.
# A camera that was here before goes on being listed while its recordings may be here, and where it is now is told of
# those who have older ones (item 92).
STREAMS = """
SELECT c.id, c.domain_id, c.name, c.title, c.static, c.secret_id, c.stream_url_sealed, c.substream_url_sealed,
       c.video_only, c.transcode_audio, c.thumbnails, c.streamer_id IS DISTINCT FROM %(streamer)s AS archive_only,
       (SELECT json_agg(json_build_object(
            'url', t.public_url, 'port', t.port, 'from', floor(extract(epoch FROM x.began_at))::bigint,
            'until', ceil(extract(epoch FROM x.ended_at))::bigint) ORDER BY x.began_at)
        FROM devices_streamerspan x JOIN devices_streamer t ON t.id = x.streamer_id
        WHERE x.domain_id = c.domain_id AND x.camera_id = c.id AND x.streamer_id <> %(streamer)s
            AND x.ended_at > %(now)s - keeps.days * interval '1 day') AS peers,
       CASE WHEN p.is_adjustable THEN c.dvr_depth ELSE p.dvr_depth END AS dvr_depth,
       CASE WHEN p.is_adjustable THEN c.dvr_space ELSE p.dvr_space END AS dvr_space,
       CASE WHEN p.is_adjustable THEN c.dvr_lock_days ELSE p.dvr_lock_days END AS dvr_lock_days,
       CASE WHEN p.vision_enabled IS FALSE THEN '' WHEN p.is_adjustable THEN c.vision_alg ELSE p.vision_alg END
           AS vision_alg,
       CASE WHEN c.vision_areas <> '' THEN c.vision_areas ELSE p.vision_areas END AS vision_areas
FROM devices_camera c
JOIN devices_preset p ON p.id = c.preset_id AND p.domain_id = c.domain_id
JOIN tenants_domain d ON d.id = c.domain_id AND d.is_active
CROSS JOIN LATERAL (
    SELECT greatest(c.dvr_depth, p.dvr_depth, coalesce(c.dvr_lock_days, 3650), coalesce(p.dvr_lock_days, 3650)) AS days
) AS keeps
WHERE c.id = ANY(ARRAY(
        SELECT id FROM devices_camera WHERE streamer_id = %(streamer)s
      UNION
        SELECT camera_id FROM devices_streamerspan WHERE streamer_id = %(streamer)s AND ended_at IS NOT NULL))
    AND c.enabled AND NOT c.is_private AND c.stream_url_sealed <> ''
    AND (c.streamer_id = %(streamer)s OR EXISTS (
        SELECT FROM devices_streamerspan x
        WHERE x.domain_id = c.domain_id AND x.camera_id = c.id AND x.streamer_id = %(streamer)s
            AND x.ended_at > %(now)s - keeps.days * interval '1 day'))
ORDER BY c.id
"""
HOSTS = """
SELECT h.host, h.domain_id FROM tenants_domainhost h JOIN tenants_domain d ON d.id = h.domain_id AND d.is_active
ORDER BY h.host
"""

# Whether another streamer could be given what one does not answer for, and whom it may ask whether they hear Perch.
SEVERAL = "SELECT 1 FROM devices_streamer WHERE role = 'streamer' OFFSET 1 LIMIT 1"
WITNESSES = """
SELECT public_url AS url, port FROM devices_streamer
WHERE id <> %(streamer)s AND kind = 'embedded' ORDER BY last_seen_at DESC NULLS LAST, id LIMIT 5
"""
FIELDS = frozenset({"port", "rtsp_port", "public_url", "is_default", "labels", "channel_limit", "total_bandwidth"})


@transaction.atomic
def add_streamer(
    *, hostname: str, port: int = 8001, key: str | None = None, kind: str = Streamer.Kind.EMBEDDED,
    zones: Iterable[Zone] = (), api_secret: str = "", **more: Any,
) -> tuple[Streamer, str]:  # fmt: skip
    """Add a streamer and return it with its key, which is kept as a hash only.

    `more` may name FIELDS, and what streamer_reach.FIELDS names; what a make needs of that, streamer_reach.NEEDED says.
    """
    key = key or new_secret("st-")
    streamer = Streamer(hostname=hostname, port=port, key_digest=digest(key), kind=kind)
    _put(streamer, api_secret, more)
    streamer.save()
    streamer.zones.set(zones)
    _tell_all()
    return streamer, key


@transaction.atomic
def change_streamer(
    streamer: Streamer, *, zones: Iterable[Zone] | None = None, api_secret: str = "", **values: Any
) -> Streamer:
    """Change how a streamer is reached, and which cameras it may carry; they move by themselves afterwards.

    What is not given stays, and so does the API's secret where it is empty.
    """
    _put(streamer, api_secret, values)
    streamer.save(update_fields=[*values, "api_secret_sealed"])
    if zones is not None:
        streamer.zones.set(zones)
    # What is told to it depends on these, and to others where its archive is; and it is to be looked at with them now.
    _tell_all()
    Streamer.objects.filter(pk=streamer.pk).update(looked_at=None, trouble="")
    return streamer


def _put(streamer: Streamer, api_secret: str, values: dict[str, Any]) -> None:
    reach = {name: value for name, value in values.items() if name in streamer_reach.FIELDS}
    assign(streamer, {name: value for name, value in values.items() if name not in reach}, FIELDS)
    streamer_reach.put(streamer, api_secret, reach)
    check(streamer)


def _tell_all() -> None:
    """Let all streamers ask again: their lease depends on how many there are, their peers on where those are."""
    Streamer.objects.update(version=F("version") + 1)


def renew_key(streamer: Streamer) -> str:
    """A new key in place of the old one, which is void at once; kept as a hash only."""
    key = new_secret("st-")
    streamer.key_digest = digest(key)
    streamer.save(update_fields=["key_digest"])
    return key


@transaction.atomic
def remove_streamer(streamer: Streamer) -> None:
    """Take away a streamer that no camera of any ISP is on."""
    for domain in Domain.objects.all():
        with domain_scope(domain):
            Camera.objects.filter(home=streamer).update(home=None)
            if Camera.objects.filter(streamer=streamer).exists():
                raise Conflict(_("Cameras are on this streamer: let it carry at most 0 cameras, and they move away."))
            CameraReplacement.objects.filter(streamer=streamer).update(streamer=None)
            open_ones = CameraDrift.objects.filter(streamer_hostname=streamer.hostname, repaired_at=None)
            open_ones.update(repaired_at=clock.now())
    streamer.zones.clear()
    # Not by the model: it would look for cameras in no ISP's scope, which is refused.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_streamer WHERE id = %s", [streamer.pk])
    _tell_all()


def is_answering(streamer: Streamer) -> bool:
    """Whether the streamer has asked or said anything lately."""
    seen = streamer.last_seen_at
    return seen is not None and clock.now() - seen < ANSWERING


def ensure_streamer(*, hostname: str, port: int, key: str, rtsp_port: int = RTSP_PORT) -> Streamer:
    """The streamer of this name, with this port and key: made, or brought in line after a move to other ones."""
    streamer = Streamer.objects.filter(hostname=hostname).first()
    if streamer is None:
        return add_streamer(hostname=hostname, port=port, key=key, rtsp_port=rtsp_port)[0]
    if (streamer.port, streamer.rtsp_port) != (port, rtsp_port) or not is_key_of(streamer, key):
        streamer.port, streamer.rtsp_port, streamer.key_digest = port, rtsp_port, digest(key)
        streamer.save(update_fields=["port", "rtsp_port", "key_digest"])
        _tell_all()
    return streamer


def proof_of(streamer_id: int, key_digest: str) -> str:
    """A text that proves a streamer's key without being it, for addresses we give a streamer to call us at."""
    proof = hmac.new(keys.derive("streamer-hooks"), f"{streamer_id}|{key_digest}".encode(), "sha256")
    return proof.hexdigest()


def api_secret_of(row: Mapping[str, Any]) -> str:
    """The secret of a streamer's API, of a row that was read without its model. Raises Undecipherable."""
    sealed = row["api_secret_sealed"]
    context = context_of_column(Streamer._meta.db_table, "api_secret_sealed", row["secret_id"], Streamer.domain_id)
    return decrypt(sealed, context=context) if sealed else ""


def reach_of(row: Mapping[str, Any]) -> Reach:
    """How a streamer's API is reached. Raises Undecipherable."""
    return Reach(row["api_url"], row["api_login"], api_secret_of(row), streamer_policy())


def api_of(streamer: Streamer) -> Driver | None:
    """What asks a streamer's own API; None for makes that have none."""
    made = STREAMER_DRIVERS[streamer.kind](
        Reach(streamer.api_url, streamer.api_login, streamer.api_secret, streamer_policy()), storage=streamer.storage
    )
    return made if made.asked else None


def look_again(streamer: Streamer) -> None:
    """Let the streamer be looked at, and be brought in line, at once instead of at the next round."""
    Streamer.objects.filter(pk=streamer.pk).update(looked_at=None)


def hook_url(row: Mapping[str, Any], call: str) -> str:
    """Where a streamer (a row of it) calls us without being told its key once more; empty if it cannot reach us."""
    if not row["perch_url"]:
        return ""
    proof = proof_of(row["id"], row["key_digest"])
    return f"{row['perch_url'].rstrip('/')}/central/api/v3/streamers/{row['hostname']}/{call}/{proof}"


def is_key_of(streamer: Streamer, key: str) -> bool:
    """Whether this is the streamer's key."""
    return hmac.compare_digest(streamer.key_digest, digest(key))


def playback_base(streamer: Streamer, host: str) -> str:
    """The address browsers reach a streamer at, without a slash at its end; `host` is the portal's, without port."""
    return base_of(streamer.public_url, streamer.port, host)


def former(camera_ids: Iterable[int]) -> QuerySet[Streamer]:
    """The streamers that cameras were on before, as far as they are still there."""
    left = StreamerSpan.objects.filter(camera_id__in=list(camera_ids), ended_at__isnull=False)
    rows: QuerySet[Streamer] = Streamer.objects.filter(pk__in=list(left.values_list("streamer_id", flat=True)))
    return rows


def base_of(public_url: str, port: int, host: str) -> str:
    """The same for a streamer that was read without its model."""
    return public_url.rstrip("/") or f"http://{host}:{port}"


def rtsp_base(streamer: Streamer, host: str) -> str:
    """The address third parties reach a streamer at by RTSP; `host` is the portal's. Empty where it serves none."""
    name = urlsplit(streamer.public_url).hostname or host
    name = f"[{name}]" if ":" in name else name
    return f"rtsp://{name}:{streamer.rtsp_port}" if streamer.rtsp_port else ""


def stream_entry(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """One row of STREAMS as the streamer contract's stream; None if its address cannot be opened (a lost key)."""
    try:
        inputs = [] if row["archive_only"] else _inputs(row)
    except Undecipherable:
        return None
    entry: dict[str, Any] = {
        "name": f"{row['name']}~{row['domain_id']}",
        "title": row["title"],
        "static": row["static"],
        "inputs": inputs,
        "thumbnails": {"enabled": row["thumbnails"]},
        "video_only": row["video_only"],
        "transcode_audio": row["transcode_audio"],
    }
    entry |= _dvr(row["dvr_depth"], row["dvr_space"], row["dvr_lock_days"])
    if row["archive_only"]:
        return entry | {"archive_only": True, "static": False}
    if row["peers"] and "dvr" in entry:
        entry["dvr"]["peers"] = row["peers"]
    seen = vision(row["vision_alg"], row["vision_areas"])
    return entry | ({"vision": seen} if seen else {})


def _inputs(row: Mapping[str, Any]) -> list[dict[str, str]]:
    inputs = [{"url": _opened(row, "stream_url_sealed")}]
    if row["substream_url_sealed"]:
        inputs.append({"url": _opened(row, "substream_url_sealed"), "rendition": "sub"})
    return inputs


def _opened(row: Mapping[str, Any], column: str) -> str:
    context = context_of_column(Camera._meta.db_table, column, row["secret_id"], row["domain_id"])
    return decrypt(row[column], context=context)


def _dvr(depth: float, space: int | None, lock_days: int | None) -> dict[str, dict[str, int]]:
    """Days become seconds and gigabytes bytes; no depth is no recording, no lock days is as long as there is room."""
    if not depth:
        return {}
    limit = {"storage_limit": space * GIGABYTE} if space else {}
    episodes = {} if lock_days == 0 else {"episodes_expiration": FOREVER if lock_days is None else lock_days * DAY}
    return {"dvr": {"expiration": round(depth * DAY), **episodes, **limit}}
