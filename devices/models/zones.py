"""Zones: networks or regions of the installation that streamers stand in and cameras are placed by (item 106)."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

ZONE_NAME = RegexValidator(
    r"\A[a-z0-9][a-z0-9_-]*\Z", _("A name is made of small Latin letters, digits, hyphens and underscores.")
)
LABEL_TEXT = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9._/-]{0,62}\Z")
MOST_LABELS = 20


class ZoneMode(models.TextChoices):
    """Whether a camera may be elsewhere while its zone has no streamer for it."""

    REQUIRED = "required", _("required")
    PREFERRED = "preferred", _("preferred")


class Zone(models.Model):
    """A part of the installation, shared by its ISPs like the streamers in it.

    `returns`: a camera of the zone goes back by itself to the streamer it was on before that one failed (decision h).
    """

    name = models.CharField(_("name"), max_length=64, unique=True, validators=[ZONE_NAME])
    title = models.CharField(_("title"), max_length=200)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    returns = models.BooleanField(_("cameras return by themselves"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.title


def check_labels(value: Any) -> None:
    """Labels are a small mapping of short words to short words."""
    if not isinstance(value, dict) or len(value) > MOST_LABELS:
        raise ValidationError(_("At most %(n)s labels, each as key=value.") % {"n": MOST_LABELS})
    for text in (*value.keys(), *value.values()):
        if not isinstance(text, str) or not LABEL_TEXT.match(text):
            raise ValidationError(_("A label is key=value of Latin letters, digits, dots, slashes and hyphens."))
