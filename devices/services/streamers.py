"""Streamers of the installation, and what each of them has to run (the streamer contract: config_external)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.utils.translation import gettext as _

from devices.models import Camera, Streamer
from tenants import clock
from tenants.encryption import Undecipherable, context_of_column, decrypt
from tenants.errors import Conflict, Invalid
from tenants.models import Domain
from tenants.scoping import domain_scope
from tenants.secrets import digest, new_secret
from tenants.services.validation import check

DAY = 24 * 3600
GIGABYTE = 1_000_000_000
RTSP_PORT = 8554
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


def add_streamer(
    *,
    hostname: str,
    port: int,
    key: str | None = None,
    public_url: str = "",
    is_default: bool | None = None,
    rtsp_port: int | None = None,
) -> tuple[Streamer, str]:
    """Add a streamer and return it with its key, which is kept as a hash only. The first one becomes the default."""
    key = key or new_secret("st-")
    with transaction.atomic():
        first = not Streamer.objects.exists()
        streamer = Streamer(hostname=hostname, port=port, public_url=public_url, key_digest=digest(key))
        streamer.rtsp_port = RTSP_PORT if rtsp_port is None else rtsp_port
        streamer.is_default = first if is_default is None else is_default
        if streamer.is_default:
            Streamer.objects.update(is_default=False)
        check(streamer)
        streamer.save()
    return streamer, key


@transaction.atomic
def change_streamer(
    streamer: Streamer, *, port: int, public_url: str, is_default: bool, rtsp_port: int | None = None
) -> Streamer:
    """Change how browsers reach a streamer, and whether new cameras go there; one of all streamers is the default."""
    if streamer.is_default and not is_default:
        raise Invalid(
            _("Choose another default streamer instead: new cameras have to go somewhere."), field="is_default"
        )
    streamer.port, streamer.public_url, streamer.is_default = port, public_url, is_default
    streamer.rtsp_port = streamer.rtsp_port if rtsp_port is None else rtsp_port
    check(streamer)
    if is_default:
        Streamer.objects.exclude(pk=streamer.pk).update(is_default=False)
    streamer.save(update_fields=["port", "rtsp_port", "public_url", "is_default"])
    return streamer


def renew_key(streamer: Streamer) -> str:
    """A new key in place of the old one, which is void at once; kept as a hash only."""
    key = new_secret("st-")
    streamer.key_digest = digest(key)
    streamer.save(update_fields=["key_digest"])
    return key


@transaction.atomic
def remove_streamer(streamer: Streamer) -> None:
    """Take away a streamer that no camera of any ISP is on."""
    if streamer.is_default:
        raise Conflict(_("New cameras go to this streamer: make another one the default first."))
    for domain in Domain.objects.all():
        with domain_scope(domain):
            if Camera.objects.filter(streamer=streamer).exists():
                raise Conflict(_("Cameras are recorded on this streamer: move them to another one first."))
    # Not by the model: it would look for cameras in no ISP's scope, which is refused.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_streamer WHERE id = %s", [streamer.pk])


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
    return streamer


def is_key_of(streamer: Streamer, key: str) -> bool:
    """Whether this is the streamer's key."""
    return hmac.compare_digest(streamer.key_digest, digest(key))


def default_streamer() -> Streamer | None:
    """Where new cameras go: the one marked so, else the oldest; None while the installation has no streamer."""
    return Streamer.objects.order_by("-is_default", "id").first()


def playback_base(streamer: Streamer, host: str) -> str:
    """The address browsers reach a streamer at, without a slash at its end; `host` is the portal's, without port."""
    return base_of(streamer.public_url, streamer.port, host)


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
