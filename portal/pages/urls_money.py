"""The addresses of money: what was used, what was billed, what it costs me."""

from django.urls import URLPattern, path

from portal.pages import money_costs, money_invoices, money_usage

urlpatterns: list[URLPattern] = [
    path("usage/", money_usage.usage_page, name="usage"),
    path("usage/<organization_id>", money_usage.organization_usage, name="organization-usage"),
    path("invoices/", money_invoices.invoices_page, name="invoices"),
    path("invoices/<invoice_id>", money_invoices.invoice_page, name="invoice"),
    path("invoices/<invoice_id>/lines/<line_id>", money_invoices.invoice_line, name="invoice-line"),
    path("costs/", money_costs.costs_page, name="costs"),
    path("organizations/<organization_id>/money", money_costs.organization_money, name="organization-money"),
]
