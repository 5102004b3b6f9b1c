"""Presets: named groups of archive and analytics settings, and the history of who had which."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from devices.models.zones import Zone, ZoneMode, check_labels
from tenants.models import Organization
from tenants.scoping import ScopedForeignKey, ScopedModel


class Preset(ScopedModel):
    """Archive depth and limits sold as one thing (items 41-46). A locked preset rules its cameras' values.

    `dvr_depth` and `dvr_lock_days` are days, `dvr_space` is the camera's whole archive in GB (decision b); null is no
    limit. Deleting is soft: cameras and the past keep referring to it.
    """

    title = models.CharField(_("title"), max_length=200)
    is_default = models.BooleanField(_("default"), default=False)
    is_adjustable = models.BooleanField(_("cameras may differ"), default=False)
    is_everywhere = models.BooleanField(_("available in all organizations"), default=False)
    is_deleted = models.BooleanField(default=False)
    dvr_depth = models.FloatField(
        _("archive depth, days"), default=0, validators=[MinValueValidator(0), MaxValueValidator(3650)]
    )
    dvr_lock_days = models.PositiveIntegerField(
        _("motion kept, days"), null=True, blank=True, validators=[MaxValueValidator(3650)]
    )
    dvr_space = models.PositiveIntegerField(
        _("archive space, GB"), null=True, blank=True, validators=[MaxValueValidator(1_000_000)]
    )
    # How many cameras one person watches at the same time; null is no limit. Counted by the streamers' hook.
    max_streams = models.PositiveSmallIntegerField(
        _("cameras watched at once"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    precise_thumbnails_days = models.PositiveIntegerField(
        _("precise thumbnails, days"), default=0, validators=[MaxValueValidator(3650)]
    )
    vision_enabled = models.BooleanField(_("analytics"), null=True, blank=True)
    vision_alg = models.CharField(_("analytics type"), max_length=20, blank=True)
    vision_gpu = models.IntegerField(null=True, blank=True)
    vision_areas = models.TextField(blank=True)
    vision_params = models.JSONField(default=dict, blank=True)
    # The layout rules: where its cameras are placed. A camera's own zone wins; labels hold for all of them.
    zone = models.ForeignKey(
        Zone, verbose_name=_("zone"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    zone_mode = models.CharField(_("zone is"), max_length=10, choices=ZoneMode.choices, default=ZoneMode.PREFERRED)
    labels = models.JSONField(_("labels"), default=dict, blank=True, validators=[check_labels])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint("domain", condition=Q(is_default=True), name="devices_preset_one_default"),
        ]

    def __str__(self) -> str:
        return self.title


class OrganizationPreset(ScopedModel):
    """A preset attached to an organization: its camera editors may choose it (items 44, 190)."""

    organization = ScopedForeignKey(Organization, on_delete=models.CASCADE, related_name="attached_presets")
    preset = ScopedForeignKey(Preset, on_delete=models.CASCADE, related_name="attachments")

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("domain", "organization", "preset", name="devices_organizationpreset_once"),
        ]

    def __str__(self) -> str:
        return f"preset {self.preset_id} for organization {self.organization_id}"


class PresetSpan(ScopedModel):
    """This camera ran under this preset in this organization from-until: the fact that billing reads.

    A span is open while the camera exists and is enabled; disabling, moving, changing the preset and deleting close it.
    Ids are facts and no references: spans outlive what they speak of. Overlap is refused by the database (design.md:
    without btree_gist, a one-value range stands for equality).
    """

    camera_id = models.BigIntegerField()
    camera_name = models.CharField(max_length=64)
    camera_title = models.CharField(max_length=200)
    organization_id = models.BigIntegerField()
    preset_id = models.BigIntegerField()
    during = DateTimeRangeField()

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        indexes = [
            models.Index(fields=["domain", "organization_id"], name="devices_presetspan_organizatio"),
            models.Index(fields=["domain", "camera_id"], name="devices_presetspan_camera"),
        ]
        constraints = [
            ExclusionConstraint(
                name="devices_presetspan_no_overlap",
                expressions=[
                    (
                        Func(F("camera_id"), F("camera_id"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(during__isempty=False), name="devices_presetspan_not_empty"),
        ]

    def __str__(self) -> str:
        return f"camera {self.camera_id} under preset {self.preset_id} during {self.during}"
