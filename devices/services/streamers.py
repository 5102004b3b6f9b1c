"""Streamers of the installation, and what each of them has to run (the streamer contract: config_external)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from devices.models import Camera, Streamer, Zone
from tenants import clock
from tenants.encryption import Undecipherable, context_of_column, decrypt
from tenants.errors import Conflict
from tenants.models import Domain
from tenants.scoping import domain_scope
from tenants.secrets import digest, new_secret
from tenants.services.validation import assign, check

DAY = 24 * 3600
GIGABYTE = 1_000_000_000
ANSWERING = timedelta(seconds=45)  # a streamer asks every second; its last word is noted every few

# What one streamer runs, across ISPs: read by the role `fleet` in the hot hook, hence as SQL. Suspension, disabling and
# deletion are all expressed by leaving a stream out. An adjustable preset lets the camera's own archive settings rule.
STREAMS = """
SELECT c.id, c.domain_id, c.name, c.title, c.static, c.secret_id, c.stream_url_sealed, c.substream_url_sealed,
       c.video_only, c.transcode_audio, c.thumbnails,
       CASE WHEN p.is_adjustable THEN c.dvr_depth ELSE p.dvr_depth END AS dvr_depth,
       CASE WHEN p.is_adjustable THEN c.dvr_space ELSE p.dvr_space END AS dvr_space
FROM devices_camera c
JOIN devices_preset p ON p.id = c.preset_id AND p.domain_id = c.domain_id
JOIN tenants_domain d ON d.id = c.domain_id AND d.is_active
WHERE c.streamer_id = %(streamer)s AND c.enabled AND NOT c.is_private AND c.stream_url_sealed <> ''
ORDER BY c.id
"""
HOSTS = """
SELECT h.host, h.domain_id FROM tenants_domainhost h JOIN tenants_domain d ON d.id = h.domain_id AND d.is_active
ORDER BY h.host
"""

# Whether another streamer could be given what one does not answer for.
SEVERAL = "SELECT 1 FROM devices_streamer WHERE role = 'streamer' OFFSET 1 LIMIT 1"
FIELDS = frozenset({"port", "public_url", "is_default", "role", "labels", "channel_limit", "total_bandwidth"})


@transaction.atomic
def add_streamer(
    *, hostname: str, port: int, key: str | None = None, zones: Iterable[Zone] = (), **more: Any
) -> tuple[Streamer, str]:
    """Add a streamer and return it with its key, which is kept as a hash only."""
    key = key or new_secret("st-")
    streamer = Streamer(hostname=hostname, port=port, key_digest=digest(key))
    assign(streamer, more, FIELDS)
    check(streamer)
    streamer.save()
    streamer.zones.set(zones)
    _tell_all()
    return streamer, key


@transaction.atomic
def change_streamer(streamer: Streamer, *, zones: Iterable[Zone] | None = None, **values: Any) -> Streamer:
    """Change how browsers reach a streamer, and which cameras it may carry; they move by themselves afterwards."""
    assign(streamer, values, FIELDS)
    check(streamer)
    streamer.save(update_fields=[*values])
    if zones is not None:
        streamer.zones.set(zones)
    return streamer


def _tell_all() -> None:
    """Let all streamers ask again: with the number of them, the lease they are given changes."""
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
    streamer.zones.clear()
    # Not by the model: it would look for cameras in no ISP's scope, which is refused.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_streamer WHERE id = %s", [streamer.pk])
    _tell_all()


def is_answering(streamer: Streamer) -> bool:
    """Whether the streamer has asked or said anything lately."""
    seen = streamer.last_seen_at
    return seen is not None and clock.now() - seen < ANSWERING


def ensure_streamer(*, hostname: str, port: int, key: str) -> Streamer:
    """The streamer of this name, with this port and key: made, or brought in line after a move to other ones."""
    streamer = Streamer.objects.filter(hostname=hostname).first()
    if streamer is None:
        return add_streamer(hostname=hostname, port=port, key=key)[0]
    if streamer.port != port or not is_key_of(streamer, key):
        streamer.port, streamer.key_digest = port, digest(key)
        streamer.save(update_fields=["port", "key_digest"])
    return streamer


def is_key_of(streamer: Streamer, key: str) -> bool:
    """Whether this is the streamer's key."""
    return hmac.compare_digest(streamer.key_digest, digest(key))


def playback_base(streamer: Streamer, host: str) -> str:
    """The address browsers reach a streamer at, without a slash at its end; `host` is the portal's, without port."""
    return base_of(streamer.public_url, streamer.port, host)


def base_of(public_url: str, port: int, host: str) -> str:
    """The same for a streamer that was read without its model."""
    return public_url.rstrip("/") or f"http://{host}:{port}"


def stream_entry(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """One row of STREAMS as the streamer contract's stream; None if its address cannot be opened (a lost key)."""
    try:
        inputs = _inputs(row)
    except Undecipherable:
        return None
    entry = {
        "name": f"{row['name']}~{row['domain_id']}",
        "title": row["title"],
        "static": row["static"],
        "inputs": inputs,
        "thumbnails": {"enabled": row["thumbnails"]},
        "video_only": row["video_only"],
        "transcode_audio": row["transcode_audio"],
    }
    return entry | _dvr(row["dvr_depth"], row["dvr_space"])


def _inputs(row: Mapping[str, Any]) -> list[dict[str, str]]:
    inputs = [{"url": _opened(row, "stream_url_sealed")}]
    if row["substream_url_sealed"]:
        inputs.append({"url": _opened(row, "substream_url_sealed"), "rendition": "sub"})
    return inputs


def _opened(row: Mapping[str, Any], column: str) -> str:
    context = context_of_column(Camera._meta.db_table, column, row["secret_id"], row["domain_id"])
    return decrypt(row[column], context=context)


def _dvr(depth: float, space: int | None) -> dict[str, dict[str, int]]:
    """Days become seconds and gigabytes bytes; no depth is no recording."""
    if not depth:
        return {}
    limit = {"storage_limit": space * GIGABYTE} if space else {}
    return {"dvr": {"expiration": round(depth * DAY), **limit}}
