"""What is sold and to whom: plans with prices from a day, plans of organizations, their terms, tax rates.

Prices, terms and tax rates are change points: a row says what holds from a local day on, until the next row. Overlap is
impossible by shape, and triggers keep the past: no row can be added, changed or removed on a day whose night has run.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.money import LARGEST, PPM, Money, is_currency, percent
from devices.models import Preset
from tenants.models import Organization
from tenants.scoping import ScopedForeignKey, ScopedModel

RATE = [MinValueValidator(0), MaxValueValidator(PPM)]
AMOUNT = [MinValueValidator(0), MaxValueValidator(LARGEST)]


def validate_currency(code: str) -> None:
    """Refuse what is no ISO 4217 code."""
    if not is_currency(code):
        raise ValidationError(_("%(code)s is no currency code."), params={"code": code})


class Plan(ScopedModel):
    """A preset with a price: what an ISP sells (items 47-53). The preset is its own and never changes.

    `is_default`: the one plan that stands out as the usual choice (item 52); `applies_to_new`: new organizations get it
    attached (items 39, 47). An archived plan is not offered any more; who has it keeps paying for it.
    """

    preset = ScopedForeignKey(Preset, on_delete=models.PROTECT, related_name="plans")
    title = models.CharField(_("name"), max_length=200)
    note = models.TextField(_("note"), blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    applies_to_new = models.BooleanField(_("applied to new organizations"), default=False)
    is_archived = models.BooleanField(_("archived"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint("domain", "preset", name="billing_plan_preset"),
            models.UniqueConstraint("domain", condition=Q(is_default=True), name="billing_plan_one_default"),
        ]

    def __str__(self) -> str:
        return self.title


class PlanPrice(ScopedModel):
    """What a camera-month of a plan costs from a local day on (item 51), in minor units of the ISP's currency."""

    plan = ScopedForeignKey(Plan, on_delete=models.PROTECT, related_name="prices")
    from_day = models.DateField(_("from"))
    amount = models.BigIntegerField(_("monthly price"), validators=AMOUNT)
    currency = models.CharField(_("currency"), max_length=3, validators=[validate_currency])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["plan_id", "from_day"]
        constraints = [
            models.UniqueConstraint("domain", "plan", "from_day", name="billing_planprice_once"),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & Q(amount__lte=LARGEST), name="billing_planprice_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.money} from {self.from_day}"

    @property
    def money(self) -> Money:
        """The price with its currency."""
        return Money(self.amount, self.currency)


class OrganizationPlan(ScopedModel):
    """A plan an organization may use (items 38, 58): its cameras may have the plan's preset."""

    organization = ScopedForeignKey(Organization, on_delete=models.CASCADE, related_name="plans")
    plan = ScopedForeignKey(Plan, on_delete=models.PROTECT, related_name="attachments")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("domain", "organization", "plan", name="billing_organizationplan_once"),
        ]

    def __str__(self) -> str:
        return f"plan {self.plan_id} for organization {self.organization_id}"


class OrganizationTerms(ScopedModel):
    """What was agreed with a subscriber from a local day on (item 56): a discount, and a trial.

    Days before `trial_until` cost nothing; that day itself is paid for. `organization_id` is a fact and no reference:
    the terms of a closed subscriber are still needed for his last invoice.
    """

    organization_id = models.BigIntegerField()
    from_day = models.DateField(_("from"))
    discount_ppm = models.PositiveIntegerField(_("discount"), default=0, validators=RATE)
    trial_until = models.DateField(_("trial until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["organization_id", "from_day"]
        constraints = [
            models.UniqueConstraint("domain", "organization_id", "from_day", name="billing_organizationterms_once"),
            models.CheckConstraint(condition=Q(discount_ppm__lte=PPM), name="billing_organizationterms_discount"),
        ]

    def __str__(self) -> str:
        return f"{percent(self.discount_ppm)} % from {self.from_day}"


class TaxRate(ScopedModel):
    """A tax of the ISP from a local day on. Different codes (GST, QST) are different taxes on the same sum."""

    code = models.SlugField(_("code"), max_length=20, default="vat")
    title = models.CharField(_("name on the invoice"), max_length=100)
    from_day = models.DateField(_("from"))
    ppm = models.PositiveIntegerField(_("rate"), validators=RATE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["code", "from_day"]
        constraints = [
            models.UniqueConstraint("domain", "code", "from_day", name="billing_taxrate_once"),
            models.CheckConstraint(condition=Q(ppm__lte=PPM), name="billing_taxrate_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {percent(self.ppm)} % from {self.from_day}"
