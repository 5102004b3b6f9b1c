"""Which ISP a host name belongs to."""

from __future__ import annotations

from django.http.request import split_domain_port

from tenants.models import Domain


def normalize(host: str) -> str:
    """A Host header as the table knows it: lower case, no port, no trailing dot; empty when it cannot be one."""
    name, _port = split_domain_port(host.strip().lower())
    name = name.rstrip(".")
    return name if name and all(char.isalnum() or char in "-." for char in name) else ""


def domain_of(host: str) -> Domain | None:
    """The active ISP that answers on this host name, or None."""
    name = normalize(host)
    if not name:
        return None
    return Domain.objects.filter(hosts__host=name, is_active=True).first()
