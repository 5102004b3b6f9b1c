"""The models of `billing`, one noun a file."""

from billing.models.invoices import Invoice, InvoiceLine, InvoiceTax, NumberSeries
from billing.models.plans import OrganizationPlan, OrganizationTerms, Plan, PlanPrice, TaxRate
from billing.models.usage import BillingPeriod, NightRun

__all__ = [
    "BillingPeriod",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "NightRun",
    "NumberSeries",
    "OrganizationPlan",
    "OrganizationTerms",
    "Plan",
    "PlanPrice",
    "TaxRate",
]
