"""Presets: the groups of settings that are sold (items 41-46)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from devices.models import Camera, OrganizationPreset, Preset
from devices.services import modes, recognition
from tenants import audit
from tenants.errors import Conflict, Forbidden, Missing
from tenants.models import Organization, User
from tenants.scoping import current_domain_id
from tenants.services.validation import assign, check

# What a locked preset rules on its cameras.
RULED = ("dvr_depth", "dvr_lock_days", "dvr_space", "precise_thumbnails_days", "vision_alg")
FIELDS = frozenset(
    {
        "title",
        "is_adjustable",
        "is_everywhere",
        *RULED,
        "max_streams",
        "vision_enabled",
        "vision_gpu",
        "vision_areas",
        "vision_params",
        "zone",
        "zone_mode",
        "labels",
    }
)


@transaction.atomic
def add_preset(
    *,
    acting_user: User | None,
    title: str,
    is_default: bool = False,
    organization: Organization | None = None,
    **more: Any,
) -> Preset:
    """Add a preset; `organization` attaches it there at once."""
    preset = Preset(domain_id=current_domain_id(), is_default=is_default)
    assign(preset, {"title": title, **more}, FIELDS)
    _check(preset)
    preset.save()
    audit.created(preset, acting_user=acting_user)
    if organization is not None:
        attach_preset(preset, organization, acting_user=acting_user)
    return preset


@transaction.atomic
def change_preset(preset: Preset, *, acting_user: User | None, **values: Any) -> Preset:
    """Change a preset; the cameras of a locked one follow (item 43)."""
    before = audit.snapshot(preset)
    assign(preset, values, FIELDS)
    _check(preset)
    preset.save()
    if audit.changed(preset, before, acting_user=acting_user) and not preset.is_adjustable:
        Camera.objects.filter(preset=preset).update(**{name: getattr(preset, name) for name in RULED})
    modes.settle_preset(preset.domain_id, preset.pk, acting_user=acting_user)
    return preset


def _check(preset: Preset) -> None:
    preset.vision_alg = recognition.checked_algorithm(preset.vision_alg)
    preset.vision_areas = recognition.checked_areas(preset.vision_areas)
    check(preset)


@transaction.atomic
def delete_preset(preset: Preset, *, acting_user: User | None) -> None:
    """Retire a preset (softly: the past refers to it). One that cameras use, or the default one, stays."""
    if preset.is_default:
        raise Forbidden(_("The default preset cannot be deleted."))
    if Camera.objects.filter(preset=preset).exists():
        raise Conflict(_("Cameras use the preset: give them another one first."))
    before = audit.snapshot(preset)
    preset.is_deleted = True
    preset.save()
    preset.attachments.all().delete()
    audit.changed(preset, before, acting_user=acting_user)


@transaction.atomic
def restore_preset(preset: Preset, *, acting_user: User | None) -> None:
    """Bring a retired preset back; organizations choose it again where it is attached anew or available everywhere."""
    before = audit.snapshot(preset)
    preset.is_deleted = False
    preset.save()
    audit.changed(preset, before, acting_user=acting_user)


@transaction.atomic
def attach_preset(preset: Preset, organization: Organization, *, acting_user: User | None) -> OrganizationPreset:
    """Let an organization choose a preset; doing it twice changes nothing."""
    row, fresh = OrganizationPreset.objects.get_or_create(
        domain_id=current_domain_id(), preset=preset, organization=organization
    )
    if fresh:
        audit.created(row, acting_user=acting_user)
    attachment: OrganizationPreset = row
    return attachment


@transaction.atomic
def detach_preset(preset: Preset, organization: Organization, *, acting_user: User | None) -> None:
    """Take a preset out of an organization's choice; cameras that have it keep it."""
    row = OrganizationPreset.objects.filter(preset=preset, organization=organization).first()
    if row is not None:
        audit.deleted(row, acting_user=acting_user)
        row.delete()


def default_preset() -> Preset:
    """The preset of cameras without a choice: live only (items 42, 49). Made at first use."""
    found: Preset | None = Preset.objects.filter(is_default=True).first()
    return found or add_preset(acting_user=None, title="Default", is_default=True, is_everywhere=True)


def presets_of(organization: Organization) -> QuerySet[Preset]:
    """The presets an organization's camera editors may choose."""
    attached = OrganizationPreset.objects.filter(organization=organization).values("preset")
    rows: QuerySet[Preset] = Preset.objects.filter(
        Q(is_everywhere=True) | Q(is_default=True) | Q(pk__in=attached), is_deleted=False
    )
    return rows


def preset_for(organization: Organization, preset_id: int) -> Preset:
    """A preset by number, if the organization may choose it; else Missing."""
    preset = presets_of(organization).filter(pk=preset_id).first()
    if preset is None:
        raise Missing(_("There is no such preset in the organization."))
    return preset
