"""Two accounts of one person become one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from devices.services import people
from portal.pages.common import Request, admins_only, cursor_page
from tenants import access, words
from tenants.errors import Conflict
from tenants.models import UserWord

METHODS = ["GET", "HEAD", "POST"]


@admins_only
@require_http_methods(METHODS)
def merge(request: Request, user_id: str) -> HttpResponse:
    """Choose the other account: what it may in organizations passes on, and it is deleted."""
    kept = access.user_for(request.user, user_id)
    if request.method == "POST":
        other = access.user_for(request.user, request.POST.get("user", ""))
        login = other.login
        try:
            people.merge_users(kept, other, acting_user=request.user)
        except Conflict as error:
            messages.error(request, error.message)
            return redirect("user-merge", user_id=kept.pk)
        text = _("%(gone)s is %(kept)s now.") % {"gone": login, "kept": kept.login}
        messages.success(request, text)
        return redirect("user", user_id=kept.pk)
    query = request.GET.get("q", "").strip()
    rows = access.visible_users(request.user).exclude(pk=kept.pk)
    page = cursor_page(request, words.search(rows, UserWord, "user", query), ["login", "id"])
    return render(request, "users/merge.html", {"account": kept, "page": page, "query": query, "tab": "account"})
