"""Plans and their prices (items 47-53); which organization has which (item 58)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing import access as billing_access
from billing import money
from billing.models import Plan
from billing.services import periods, plans, terms
from portal.pages.common import Request, signed_in, submit
from portal.pages.forms_money import NewPlanForm, PlanForm, PlansForm, PriceForm, TermsForm
from portal.pages.organizations import head
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import Organization, User

METHODS = ["GET", "HEAD", "POST"]
OWN = ("title", "note", "is_default", "applies_to_new", "is_archived")


def money_people_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let in those who see the money of the whole ISP: administrators and its accountants."""

    @signed_in
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not access.can_see_all_money(request.user):
            raise Forbidden(_("Only administrators and accountants may see this."))
        return view(request, *args, **kwargs)

    return guarded


def plan_editors_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let in those who may change plans and prices."""

    @signed_in
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        billing_access.require_plan_editor(request.user)
        return view(request, *args, **kwargs)

    return guarded


def may_edit(user: User) -> bool:
    """Whether pages offer this user to change plans."""
    return access.can_see_all_money(user) and not user.is_readonly


@money_people_only
@require_safe
def plans_page(request: Request) -> HttpResponse:
    """What is sold, at which price, and to how many."""
    rows = plans.price_list(archived=True)
    top = max((row.price.minor for row in rows if row.price), default=0)
    return render(request, "plans/list.html", {"rows": rows, "top": top, "can_edit": may_edit(request.user)})


@plan_editors_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """A new plan with its first price."""
    form = NewPlanForm(request.POST or None, currency=request.domain.currency, initial={"dvr_depth": 7})
    done = submit(request, form, lambda values: plans.add_plan(acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is on sale.") % {"title": done.title})
        return redirect("plan", plan_id=done.pk)
    return render(request, "plans/form.html", {"form": form}, status=422 if form.errors else 200)


@money_people_only
@require_safe
def plan_page(request: Request, plan_id: str) -> HttpResponse:
    """A plan with the history of its prices."""
    plan = billing_access.plan_for(request.user, plan_id)
    return render(request, "plans/plan.html", described(request, plan, price_form(request)))


def price_form(request: Request, data: Any = None) -> PriceForm:
    """The form of a new price, from today on unless said."""
    return PriceForm(data, currency=request.domain.currency, initial={"from_day": periods.today()})


def described(request: Request, plan: Plan, form: PriceForm) -> dict[str, Any]:
    """A plan's page: its prices, newest first, and which of them is in force."""
    prices = list(plan.prices.order_by("-from_day"))
    organizations = Organization.objects.filter(plans__plan=plan).order_by("title")
    return {
        "plan": plan,
        "prices": prices,
        "current": plans.price_on(plan, periods.today()),
        "today": periods.today(),
        "first_open": periods.first_open_day(),
        "organizations": organizations[:100],
        "cameras_n": plan.preset.cameras.count(),
        "form": form,
        "can_edit": may_edit(request.user),
    }


@plan_editors_only
@require_http_methods(METHODS)
def change(request: Request, plan_id: str) -> HttpResponse:
    """A plan's name and services. Its price has a page of its own, because it has a history."""
    plan = billing_access.plan_for(request.user, plan_id)
    services = {name: getattr(plan.preset, name) for name in PlanForm.SERVICES}
    form = PlanForm(request.POST or None, initial={**{name: getattr(plan, name) for name in OWN}, **services})
    done = submit(request, form, lambda values: plans.change_plan(plan, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is saved.") % {"title": done.title})
        return redirect("plan", plan_id=done.pk)
    return render(request, "plans/form.html", {"form": form, "plan": plan}, status=422 if form.errors else 200)


@plan_editors_only
@require_http_methods(["POST"])
def add_price(request: Request, plan_id: str) -> HttpResponse:
    """A new price of a plan from a day on."""
    plan = billing_access.plan_for(request.user, plan_id)
    form = price_form(request, request.POST)
    done = submit(request, form, lambda values: plans.add_price(plan, acting_user=request.user, **values))
    if done is not None:
        text = _("%(title)s costs %(price)s from %(day)s on.")
        messages.success(request, text % {"title": plan.title, "price": done.money, "day": done.from_day})
        return redirect("plan", plan_id=plan.pk)
    return render(request, "plans/plan.html", described(request, plan, form), status=422)


@plan_editors_only
@require_http_methods(METHODS)
def remove_price(request: Request, plan_id: str, price_id: str) -> HttpResponse:
    """Take back a price that has not begun, after asking."""
    plan = billing_access.plan_for(request.user, plan_id)
    price = plan.prices.filter(pk=access.as_id(price_id)).first()
    if price is None:
        raise Missing(_("There is no such price."))
    if request.method != "POST":
        return render(request, "plans/price_remove.html", {"plan": plan, "price": price})
    plans.remove_price(price, acting_user=request.user)
    messages.success(request, _("The price is taken back."))
    return redirect("plan", plan_id=plan.pk)


@signed_in
@require_http_methods(METHODS)
def organization_plans(request: Request, organization_id: str) -> HttpResponse:
    """Which plans an organization has, and its terms. Administrators change them, others who pay look."""
    organization = access.organization_for(request.user, organization_id, "see_money")
    form, terms_form = plans_form(request, organization), agreed_form(request, organization)
    if request.method == "POST":
        billing_access.require_plan_editor(request.user)
        if saved(request, organization, form, terms_form):
            messages.success(request, _("The plans of %(title)s are saved.") % {"title": organization.title})
            return redirect("organization-plans", organization_id=organization.pk)
    held = set(plans.plans_of(organization).values_list("pk", flat=True))
    rows = [row for row in plans.price_list(archived=True) if not row.plan.is_archived or row.plan.pk in held]
    context = {
        "form": form,
        "terms_form": terms_form,
        "rows": rows,
        "held": held,
        "tab": "plans",
        "can_edit": may_edit(request.user),
    }
    return render(request, "organizations/plans.html", {**context, **head(request, organization)})


def plans_form(request: Request, organization: Organization) -> PlansForm:
    """The plans to tick."""
    held = plans.plans_of(organization)
    choice = (Plan.objects.filter(is_archived=False) | Plan.objects.filter(pk__in=held.values("pk"))).distinct()
    return PlansForm(request.POST or None, plans=choice, initial={"plans": [plan.pk for plan in held]})


def agreed_form(request: Request, organization: Organization) -> TermsForm:
    """Discount and trial as they are today."""
    now = terms.terms_of(organization)
    discount = money.percent(now.discount_ppm) if now and now.discount_ppm else ""
    return TermsForm(request.POST or None, initial={"discount": discount, "trial_until": now and now.trial_until})


def saved(request: Request, organization: Organization, form: PlansForm, terms_form: TermsForm) -> bool:
    """Whether both halves of the page could be saved."""
    if not form.is_valid() or not terms_form.is_valid():
        return False
    agreed = submit(request, terms_form, lambda values: agree(organization, request.user, **values))
    if terms_form.errors:
        return False
    plans.set_plans(organization, form.cleaned_data["plans"], acting_user=request.user)
    return agreed is None or bool(agreed)


def agree(organization: Organization, acting_user: User, *, discount_ppm: int, trial_until: Any) -> bool:
    """Set the terms if they differ from those in force."""
    now = terms.terms_of(organization)
    before = (now.discount_ppm, now.trial_until) if now else (0, None)
    if (discount_ppm, trial_until) != before:
        terms.set_terms(organization, acting_user=acting_user, discount_ppm=discount_ppm, trial_until=trial_until)
    return True
