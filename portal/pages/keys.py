"""API keys (items 78, 172, 314): the ISP's under Settings, one's own under Profile. A key is shown once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.common import Request, admins_only, signed_in, submit
from portal.pages.forms_keys import KeyForm, last_day
from portal.pages.profile import refuse_readonly
from portal.pages.security import fresh
from tenants import clock
from tenants.access import as_id
from tenants.errors import Missing
from tenants.models import ApiKey, User
from tenants.services import keys

METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Shelf:
    """Where some keys hang: whose they are, and how their pages are called."""

    name: str
    one: str
    adding: str
    deleting: str
    is_own: bool

    def holder(self, request: Request) -> User | None:
        """Whose keys: the person's, or the ISP's."""
        return request.user if self.is_own else None

    def rows(self, request: Request) -> QuerySet[ApiKey]:
        """The keys."""
        rows: QuerySet[ApiKey] = ApiKey.objects.filter(user=self.holder(request))
        return rows

    def key(self, request: Request, key_id: str) -> ApiKey:
        """One of them; Missing for all others."""
        found = self.rows(request).filter(pk=as_id(key_id)).first()
        if found is None:
            raise Missing(_("There is no such key."))
        return found


OF_ISP = Shelf("api-keys", "api-key", "key-add", "key-delete", is_own=False)
OWN = Shelf("own-keys", "own-key", "own-key-add", "own-key-delete", is_own=True)


@dataclass(frozen=True)
class Line:
    """One key in a list. `last_day` is a day at the ISP."""

    key: ApiKey
    rights: list[str]
    networks: str
    last_day: date | None
    is_over: bool


def _line(key: ApiKey, zone: ZoneInfo) -> Line:
    labels = dict(ApiKey.Right.choices)
    over = key.expires_at is not None and key.expires_at <= clock.now()
    return Line(key, [str(labels[right]) for right in key.rights], ", ".join(key.networks), last_day(key, zone), over)


def _list(request: Request, shelf: Shelf, **more: Any) -> HttpResponse:
    lines = [_line(key, request.domain.zone) for key in shelf.rows(request)]
    context = {"shelf": shelf, "lines": lines, **more}
    return render(request, "keys/list.html", context)


def _form(request: Request, shelf: Shelf, form: KeyForm, key: ApiKey | None = None) -> HttpResponse:
    context = {"shelf": shelf, "form": form, "key": key}
    return render(request, "keys/form.html", context, status=422 if form.errors else 200)


def _add(request: Request, shelf: Shelf) -> HttpResponse:
    form = KeyForm(request.POST or None, zone=request.domain.zone)

    def make(_values: dict[str, Any]) -> tuple[ApiKey, str]:
        return keys.add_key(acting_user=request.user, user=shelf.holder(request), **form.values())

    made = submit(request, form, make)
    return _form(request, shelf, form) if made is None else _list(request, shelf, new_key=made[1])


def _change(request: Request, shelf: Shelf, key_id: str) -> HttpResponse:
    key = shelf.key(request, key_id)
    form = KeyForm(request.POST or None, zone=request.domain.zone, key=key)
    done = submit(request, form, lambda _values: keys.change_key(key, acting_user=request.user, **form.values()))
    if done is None:
        return _form(request, shelf, form, key)
    messages.success(request, _("The key is saved."))
    return redirect(shelf.name)


def _delete(request: Request, shelf: Shelf, key_id: str) -> HttpResponse:
    key = shelf.key(request, key_id)
    if request.method != "POST":
        return render(request, "keys/delete.html", {"key": key, "back": reverse(shelf.name)})
    keys.delete_key(key, acting_user=request.user)
    messages.success(request, _("The key is ended."))
    return redirect(shelf.name)


@admins_only
@require_safe
def isp_keys(request: Request) -> HttpResponse:
    """The ISP's system keys."""
    return _list(request, OF_ISP)


@never_cache
@admins_only
@fresh
@require_http_methods(METHODS)
def add_isp_key(request: Request) -> HttpResponse:
    """A new system key, shown this once."""
    return _add(request, OF_ISP)


@admins_only
@require_http_methods(METHODS)
def change_isp_key(request: Request, key_id: str) -> HttpResponse:
    """A system key's title and limits."""
    return _change(request, OF_ISP, key_id)


@admins_only
@require_http_methods(METHODS)
def delete_isp_key(request: Request, key_id: str) -> HttpResponse:
    """End a system key, after asking."""
    return _delete(request, OF_ISP, key_id)


def _writer(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Read only means one's own keys too (item 61)."""

    def guarded(request: Request, **named: str) -> HttpResponse:
        refuse_readonly(request.user)
        return view(request, **named)

    return guarded


@signed_in
@require_safe
def own_keys(request: Request) -> HttpResponse:
    """One's own keys."""
    return _list(request, OWN)


@never_cache
@fresh
@require_http_methods(METHODS)
def add_own_key(request: Request) -> HttpResponse:
    """A new key of one's own, shown this once."""
    return _add(request, OWN)


@signed_in
@_writer
@require_http_methods(METHODS)
def change_own_key(request: Request, key_id: str) -> HttpResponse:
    """One's own key: title and limits."""
    return _change(request, OWN, key_id)


@signed_in
@_writer
@require_http_methods(METHODS)
def delete_own_key(request: Request, key_id: str) -> HttpResponse:
    """End one's own key, after asking."""
    return _delete(request, OWN, key_id)
