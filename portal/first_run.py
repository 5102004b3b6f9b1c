"""What an empty database gets: the embedded streamer, and the demo or one ISP with an administrator and a key."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from devices.services import presets, streamers
from portal import demo
from tenants import keys as keyring
from tenants.models import Domain
from tenants.scoping import domain_scope
from tenants.services import domains, keys, organizations, super_administrators, users

HOSTNAME = "embedded"


def prepare() -> dict[str, Any]:
    """Bring the installation to where it can serve; returns what the supervisor prints and hands to the streamer."""
    key = streamer_key()
    streamers.ensure_streamer(
        hostname=HOSTNAME, port=settings.PERCH_STREAMER_PORT, key=key, rtsp_port=settings.PERCH_RTSP_PORT
    )
    lines = [] if Domain.objects.exists() else _first()
    if Domain.objects.filter(slug=demo.NORTH).exists():
        lines = [*demo.lines(settings.PORT), *lines]
    lines = [*lines, *_first_super_administrator()]
    return {"lines": lines, "streamer": {"hostname": HOSTNAME, "key": key}}


def _first_super_administrator() -> list[str]:
    """Somebody who runs the installation exists from the first day (item 59)."""
    if super_administrators.exist():
        return []
    login = os.environ.get("PERCH_SUPER_LOGIN") or "root"
    given = os.environ.get("PERCH_SUPER_PASSWORD", "")
    secret = given or secrets.token_urlsafe(15)
    super_administrators.set_password(login, secret)
    port = "" if settings.PERCH_SCHEME == "https" else f":{settings.PORT}"
    address = f"{settings.PERCH_SCHEME}://{settings.PERCH_ADMIN_HOSTS[0]}{port}"
    return [f"  Installation   {address}   {login}" + ("" if given else f" / {secret}")]


def streamer_key() -> str:
    """The embedded streamer's key: it follows from the installation's secret, so nobody has to carry it about."""
    return base64.urlsafe_b64encode(keyring.derive("embedded-streamer-key")).decode().rstrip("=")


def _first() -> list[str]:
    if os.environ.get("PERCH_DEMO", "1").lower() in {"1", "true", "yes", "on"}:
        return demo.load(api_key=os.environ.get("PERCH_API_KEY"))
    return add_first_isp()


def add_first_isp() -> list[str]:
    """One ISP on the machine's own names, as the environment describes it."""
    hosts = [host.strip() for host in os.environ.get("PERCH_HOSTS", "127.0.0.1,localhost").split(",") if host.strip()]
    return add_isp(
        slug="perch",
        title=os.environ.get("PERCH_ISP_TITLE", "Perch"),
        hosts=hosts,
        timezone=os.environ.get("PERCH_TIMEZONE", "UTC"),
        currency=os.environ.get("PERCH_CURRENCY", "EUR"),
        login=os.environ.get("PERCH_ADMIN_LOGIN") or "admin",
        password=os.environ.get("PERCH_ADMIN_PASSWORD"),
        api_key=os.environ.get("PERCH_API_KEY"),
    )


@transaction.atomic
def add_isp(
    *,
    slug: str,
    title: str,
    hosts: Sequence[str],
    timezone: str,
    currency: str,
    login: str,
    password: str | None,
    api_key: str | None,
) -> list[str]:
    """Open an ISP with an administrator, who owns what is unassigned, and a system key.

    Returns lines for whoever opened it: secrets that were made here are told once.
    """
    domain = domains.add_domain(title=title, slug=slug, hosts=hosts, timezone=timezone, currency=currency)
    secret = password or secrets.token_urlsafe(12)
    with domain_scope(domain):
        admin = users.add_user(acting_user=None, login=login, password=secret, strict_password=False, is_admin=True)
        organizations.change_organization(organizations.ensure_default(), acting_user=None, owner=admin)
        _key, text = keys.add_key(acting_user=None, title="System key", secret=api_key)
        presets.default_preset()
    told = [f"  Administrator  {login}" + ("" if password else f" / {secret}")]
    return told if api_key else [*told, f"  System API key (shown once): {text}"]
