"""Which ISP a host name belongs to."""

from __future__ import annotations

from django.http.request import split_domain_port

from tenants.models import Domain
from tenants.services import isps

# What pages of the installation's own address are dressed in. It is no row: no scope can be opened with it.
FACE = {"title": "Perch", "slug": "", "brand_color": "#0f6fb8", "accent_color": "#f59f00"}


def normalize(host: str) -> str:
    """A Host header as the table knows it: lower case, no port, no trailing dot; empty when it cannot be one."""
    name, _port = split_domain_port(host.strip().lower())
    name = name.rstrip(".")
    return name if name and all(char.isalnum() or char in "-." for char in name) else ""


def is_installation(host: str) -> bool:
    """Whether this is the installation's own address, where super administrators are."""
    return normalize(host) in isps.own_hosts()


def domain_of(host: str) -> Domain | None:
    """The active ISP that answers on this host name, or None."""
    name = normalize(host)
    if not name:
        return None
    return Domain.objects.filter(hosts__host=name, is_active=True).first()
