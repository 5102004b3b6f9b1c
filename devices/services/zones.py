"""Zones of the installation: made and changed at its own address, chosen for cameras by ISPs (item 106)."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from devices.models import Camera, Preset, Zone
from tenants.errors import Conflict, Invalid, Missing
from tenants.models import Domain
from tenants.scoping import domain_scope
from tenants.services.validation import assign, check

FIELDS = frozenset({"title", "note", "returns"})


def zones() -> QuerySet[Zone]:
    """All zones with the number of their streamers."""
    return Zone.objects.annotate(n_streamers=Count("streamers")).order_by("name")


def zone_named(name: str) -> Zone:
    """A zone by its name; Missing where there is none."""
    found = Zone.objects.filter(name=name).first()
    if found is None:
        raise Missing(_("There is no such zone."))
    return found


def chosen_zone(name: str) -> Zone:
    """A zone that is named in a setting; Invalid where there is none."""
    try:
        return zone_named(name)
    except Missing as error:
        raise Invalid(error.message, field="zone") from error


@transaction.atomic
def add_zone(*, name: str, **values: Any) -> Zone:
    """Add a zone; the name stays."""
    if name == "new":  # the address of the page that adds one
        raise Invalid(_("This name is taken."), field="name")
    zone = Zone(name=name)
    assign(zone, values, FIELDS)
    check(zone)
    zone.save()
    return zone


@transaction.atomic
def change_zone(zone: Zone, **values: Any) -> Zone:
    """Change what a zone is called, and whether its cameras return by themselves."""
    assign(zone, values, FIELDS)
    check(zone)
    zone.save()
    return zone


@transaction.atomic
def remove_zone(zone: Zone) -> None:
    """Take away a zone that no camera and no preset of any ISP asks for."""
    for domain in Domain.objects.all():
        with domain_scope(domain):
            if Camera.objects.filter(zone=zone).exists() or Preset.objects.filter(zone=zone).exists():
                raise Conflict(_("Cameras or presets of a provider ask for this zone, so it stays."))
    zone.streamers.clear()
    # Not by the model: it would look for cameras in no ISP's scope, which is refused.
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM devices_zone WHERE id = %s", [zone.pk])
