"""Invoices: a draft while the month runs, issued on the first of the next, and never changed after that."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from billing.models.plans import Plan
from billing.models.usage import BillingPeriod
from billing.money import Money
from tenants.scoping import ScopedForeignKey, ScopedModel


class NumberSeries(ScopedModel):
    """The last number given in a year. The issuing transaction counts it up, so a rollback leaves no gap."""

    kind = models.CharField(max_length=20, default="invoice")
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveIntegerField(default=0)

    class Meta(ScopedModel.Meta):
        ordering = ["kind", "year"]
        constraints = [models.UniqueConstraint("domain", "kind", "year", name="billing_numberseries_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last_number}"


class Invoice(ScopedModel):
    """What an organization owes for a month. Amounts are minor units of `currency`.

    Seller and buyer are copied into it. `organization_id` is a fact and no reference: the invoice outlives its reader.
    `issued_on` is the first day of the next month by the ISP's calendar, `issued_at` the instant it really happened.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        ISSUED = "issued", _("issued")

    # Found by the unique constraint below.
    period = ScopedForeignKey(BillingPeriod, on_delete=models.PROTECT, related_name="invoices", db_index=False)
    organization_id = models.BigIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    year = models.PositiveSmallIntegerField(null=True)
    number = models.PositiveIntegerField(null=True)
    issued_on = models.DateField(null=True)
    issued_at = models.DateTimeField(null=True)
    currency = models.CharField(max_length=3)
    net = models.BigIntegerField()
    tax = models.BigIntegerField()
    total = models.BigIntegerField()
    seller_title = models.CharField(max_length=200)
    seller_address = models.TextField(blank=True)
    seller_vat_id = models.CharField(max_length=32, blank=True)
    buyer_title = models.CharField(max_length=200)

    class Meta(ScopedModel.Meta):
        ordering = ["-period__month", "buyer_title", "id"]
        constraints = [
            models.UniqueConstraint("domain", "period", "organization_id", name="billing_invoice_once"),
            models.UniqueConstraint(
                "domain", "year", "number", condition=Q(number__isnull=False), name="billing_invoice_number"
            ),
            models.CheckConstraint(condition=Q(total=F("net") + F("tax"), net__gte=0), name="billing_invoice_total"),
            models.CheckConstraint(
                condition=Q(status="draft", year=None, number=None, issued_on=None, issued_at=None)
                | Q(
                    status="issued",
                    year__isnull=False,
                    number__isnull=False,
                    issued_on__isnull=False,
                    issued_at__isnull=False,
                ),
                name="billing_invoice_numbered",
            ),
        ]
        indexes = [models.Index(fields=["domain", "organization_id"], name="billing_invoice_organization")]

    def __str__(self) -> str:
        return self.label or f"draft {self.pk}"

    @property
    def label(self) -> str:
        """The number as it is printed: 2026-000042; empty for a draft."""
        return f"{self.year}-{self.number:06d}" if self.number else ""

    @property
    def is_issued(self) -> bool:
        """Whether it has a number and can never change again."""
        return self.status == self.Status.ISSUED

    @property
    def net_money(self) -> Money:
        """The sum of the lines."""
        return Money(self.net, self.currency)

    @property
    def tax_money(self) -> Money:
        """All taxes together."""
        return Money(self.tax, self.currency)

    @property
    def total_money(self) -> Money:
        """What is to be paid."""
        return Money(self.total, self.currency)


class InvoiceLine(ScopedModel):
    """Organization x plan x price (x terms): price x camera-days / days of the month, less the discount.

    The database repeats the arithmetic in a CHECK. `first_day` and `last_day` are the days it speaks of. Trial days
    stand on a line of their own that costs nothing (`is_trial`, discount 100 %).
    """

    # The unique constraint below finds lines by their invoice; further indexes would only make the night slower.
    invoice = ScopedForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines", db_index=False)
    plan = ScopedForeignKey(Plan, on_delete=models.PROTECT, related_name="+", db_index=False)
    plan_title = models.CharField(max_length=200)
    price = models.BigIntegerField()
    discount_ppm = models.PositiveIntegerField()
    is_trial = models.BooleanField()
    camera_days = models.PositiveIntegerField()
    days = models.PositiveSmallIntegerField()
    first_day = models.DateField()
    last_day = models.DateField()
    net = models.BigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta(ScopedModel.Meta):
        ordering = ["plan_title", "first_day", "id"]
        constraints = [
            models.UniqueConstraint(
                "domain", "invoice", "plan", "price", "discount_ppm", "is_trial", name="billing_invoiceline_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_title}: {self.camera_days} camera-days"

    @property
    def net_money(self) -> Money:
        """The line's amount."""
        return Money(self.net, self.currency)

    @property
    def price_money(self) -> Money:
        """The price of a camera-month."""
        return Money(self.price, self.currency)


class InvoiceTax(ScopedModel):
    """One tax on the sum of the nets, rounded once; the database repeats the arithmetic in a CHECK."""

    invoice = ScopedForeignKey(Invoice, on_delete=models.CASCADE, related_name="taxes", db_index=False)
    code = models.CharField(max_length=20)
    title = models.CharField(max_length=100)
    ppm = models.PositiveIntegerField()
    base = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta(ScopedModel.Meta):
        ordering = ["code"]
        constraints = [models.UniqueConstraint("domain", "invoice", "code", name="billing_invoicetax_once")]

    def __str__(self) -> str:
        return f"{self.title}: {self.amount}"
