"""What all pages share: who is asking, pages of long lists, and a service's answer put on a form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote

from django import forms
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import keyset
from portal.pages import errors
from tenants import access
from tenants.errors import Conflict, Forbidden, Invalid, Missing, PerchError
from tenants.models import Domain, User

ResultT = TypeVar("ResultT")
View = Callable[..., HttpResponseBase]


class Request(HttpRequest):
    """A request of somebody who is signed in (see portal.middleware)."""

    domain: Domain
    user: User
    request_id: str


def signed_in(view: View) -> View:
    """Send a stranger to the sign-in page, and back here afterwards."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user is not None:
            return view(request, *args, **kwargs)
        if "application/json" in request.headers.get("Accept", ""):
            return HttpResponse(_("Please sign in."), status=401, content_type="text/plain; charset=utf-8")
        if request.method not in {"GET", "HEAD"}:
            text = _("You are signed out, so nothing was saved. Sign in, go back and send it again.")
            return errors.page(request, 401, _("Please sign in"), text)
        return HttpResponseRedirect(f"{reverse('login')}?next={quote(request.get_full_path())}")

    return guarded


def admins_only(view: View) -> View:
    """Let only the ISP's administrators in."""

    @signed_in
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        access.require_admin(request.user)
        return view(request, *args, **kwargs)

    return guarded


def settings_editors(view: View) -> View:
    """Let in whoever may see the ISP's settings; what is sent, from whoever may change them (item 75)."""

    @signed_in
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        access.require_settings_editor(request.user, change=request.method not in {"GET", "HEAD"})
        return view(request, *args, **kwargs)

    return guarded


def one_page(request: HttpRequest, rows: QuerySet[Any] | Sequence[Any], size: int = 50) -> Page[Any]:
    """The page of a list that the address asks for; a page that is not there becomes the nearest."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def cursor_page(
    request: HttpRequest, rows: QuerySet[Any], order: Sequence[str], size: int = 50, full: keyset.Full | None = None
) -> keyset.Part[Any]:
    """The page of a long list that begins where the address says; a cursor that is none means the first page. `full`
    adds what is shown of each row (see `portal.keyset.cut`)."""
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    try:
        return keyset.cut(rows, order, after=after, before=before, size=size, full=full)
    except keyset.BadCursor:
        return keyset.cut(rows, order, size=size, full=full)


def submit(request: HttpRequest, form: forms.BaseForm, act: Callable[[dict[str, Any]], ResultT]) -> ResultT | None:
    """Do what a valid form asks for; what the service refuses stands by the fields. None: show the form again."""
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        with transaction.atomic():
            return act(form.cleaned_data)
    except (Invalid, Conflict, Forbidden, Missing) as error:
        put_errors(form, error)
    return None


def put_errors(form: forms.BaseForm, error: PerchError) -> None:
    """Write a service's refusal beside the fields it speaks of."""
    fields = getattr(error, "fields", None) or {error.field or "": [error.message]}
    for name, messages in fields.items():
        form.add_error(_field(form, name), [_(text) for text in messages])


def _field(form: forms.BaseForm, name: str) -> str | None:
    """The form's name of a service's field: a service says folder_id or owner, or one host, where a form
    may say the other, or hosts."""
    for candidate in (name, name.removesuffix("_id"), f"{name}_id", f"{name}s"):
        if candidate in form.fields:
            return candidate
    return None
