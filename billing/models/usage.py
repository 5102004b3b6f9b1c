"""Months and nights. Usage itself is no table: it is the view `billing_usage`, derived from what `devices` recorded.

The view is in the migration; `billing/services/usage.py` says what it answers.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from tenants.scoping import ScopedForeignKey, ScopedModel


class BillingPeriod(ScopedModel):
    """A calendar month of an ISP with its instants frozen: a later change of time zone leaves no hole and no overlap.

    `midnights` are the instants that close its days (the last one is `ends_at`); `closed_days` says how many of them
    have been counted by a night, and when all are, `closed_at` says since when the month is billed.
    """

    month = models.DateField()
    timezone = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    days = models.PositiveSmallIntegerField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    midnights = ArrayField(models.DateTimeField())
    closed_days = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint("domain", "month", name="billing_billingperiod_once"),
            models.CheckConstraint(
                condition=Q(closed_days__lte=F("days")) & (Q(closed_at=None) | Q(closed_days=F("days"))),
                name="billing_billingperiod_closed",
            ),
            models.CheckConstraint(
                condition=Q(days=Func(F("midnights"), function="cardinality"), begins_at__lt=F("ends_at")),
                name="billing_billingperiod_days",
            ),
            ExclusionConstraint(
                name="billing_billingperiod_no_overlap",
                expressions=[
                    (
                        Func(F("domain_id"), F("domain_id"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (Func(F("begins_at"), F("ends_at"), function="tstzrange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"

    @property
    def is_closed(self) -> bool:
        """Whether the month's invoices are issued."""
        return self.closed_at is not None

    @property
    def last_day(self) -> date:
        """The last calendar day of the month."""
        return self.month + timedelta(days=self.days - 1)


class NightRun(ScopedModel):
    """One night of one ISP: it counted the day that had ended. One row a day, so a day is counted once."""

    period = ScopedForeignKey(BillingPeriod, on_delete=models.PROTECT, related_name="nights")
    day = models.DateField()
    organizations = models.PositiveIntegerField(default=0)
    camera_days = models.PositiveIntegerField(default=0)
    drafts = models.PositiveIntegerField(default=0)
    issued = models.PositiveIntegerField(default=0)
    ran_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        ordering = ["-day"]
        constraints = [models.UniqueConstraint("domain", "day", name="billing_nightrun_once")]

    def __str__(self) -> str:
        return f"night after {self.day}"
