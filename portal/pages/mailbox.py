"""Messages (item 79): the inbox, what one wrote, and writing for those who have access to the user list."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as toasts
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.common import Request, signed_in, submit
from portal.pages.forms_settings import MessageForm
from portal.pages.session import own_path
from tenants import access
from tenants.errors import Forbidden, Invalid
from tenants.models import Message, User
from tenants.services import messages

PAGE = 30
MOST_ORGANIZATIONS = 200  # offered in the form; the API takes any


@signed_in
@require_safe
def messages_page(request: Request) -> HttpResponse:
    """What one was written, or what one wrote; newest first, continued by number."""
    user = request.user
    is_sent = "sent" in request.GET
    rows = messages.sent(user) if is_sent else messages.inbox(user)
    before = request.GET.get("before", "")
    if before:
        rows = rows.filter(pk__lt=access.as_id(before))
    found = list(rows.select_related("user", "organization")[: PAGE + 1])
    context = {
        "found": found[:PAGE],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_sent": is_sent,
        "may_write": messages.can_send(user),
    }
    return render(request, "messages/list.html", context)


@signed_in
@require_safe
def message_page(request: Request, message_id: str) -> HttpResponse:
    """One message; looking at it reads it."""
    message = messages.message_for(request.user, message_id)
    if request.method == "GET" and not message.was_read and message.sender_id != request.user.pk:  # type: ignore[attr-defined]  # annotated
        messages.mark(message, user=request.user)
    is_mine = message.sender_id == request.user.pk
    return render(request, "messages/message.html", {"message": message, "is_mine": is_mine})


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: Request) -> HttpResponse:
    """Write a message."""
    if not messages.can_send(request.user):
        raise Forbidden(_("You may not write messages."))
    form = MessageForm(
        request.POST or None, initial={"to": "user", "login": request.GET.get("login", ""), "type": "info"}
    )
    form.fields["to"].choices = _addressees(request.user)  # type: ignore[attr-defined]  # a ChoiceField
    form.fields["type"].choices = Message.Type.choices  # type: ignore[attr-defined]  # a ChoiceField
    done = submit(request, form, lambda values: _send(request.user, values))
    if done is not None:
        toasts.success(request, _("The message is sent."))
        return redirect(f"{reverse('messages')}?sent=1")
    return render(request, "messages/write.html", {"form": form}, status=422 if form.errors else 200)


def _addressees(user: User) -> list[tuple[str, str]]:
    choices = [("user", _("One person"))]
    if user.is_admin:
        choices.append(("all", _("Everybody")))
    mine = messages.edited_organizations(user).order_by("title")[:MOST_ORGANIZATIONS]
    return [*choices, *((f"organization-{row.pk}", row.title) for row in mine)]


def _send(sender: User, values: dict[str, Any]) -> Message:
    to, login = values.pop("to"), values.pop("login").strip()
    if to == "user":
        person = access.visible_users(sender).filter(login__iexact=login).first() if login else None
        if person is None:
            raise Invalid(_("There is no such user."), field="login")
        return messages.send(acting_user=sender, user=person, **values)
    if to == "all":
        return messages.send(acting_user=sender, **values)
    organization = access.organization_for(sender, to.removeprefix("organization-"))
    return messages.send(acting_user=sender, organization=organization, **values)


@signed_in
@require_POST
def read(request: Request, message_id: str) -> HttpResponse:
    """Put a banner away: it is read."""
    messages.mark(messages.message_for(request.user, message_id), user=request.user)
    return HttpResponseRedirect(own_path(request.POST.get("back", "")) or reverse("messages"))


@signed_in
@require_POST
def read_all(request: Request) -> HttpResponse:
    """Everything is read."""
    messages.mark_all(request.user)
    return redirect("messages")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, message_id: str) -> HttpResponse:
    """Put a message away, after asking: out of one's own sight, or back from everybody."""
    message = messages.message_for(request.user, message_id)
    is_mine = message.sender_id == request.user.pk
    if request.method != "POST":
        return render(request, "messages/delete.html", {"message": message, "is_mine": is_mine})
    messages.remove(message, acting_user=request.user)
    toasts.success(request, _("The message is taken back.") if is_mine else _("The message is put away."))
    return redirect("messages")


@signed_in
@never_cache
@require_safe
def news(request: Request) -> HttpResponse:
    """How many messages are unread, and those to be shown at once; for pages that are open."""
    unread = messages.news_for(request.user)
    pushed = [{"id": row.pk, "title": row.title, "type": row.type} for row in unread if row.is_push]
    return JsonResponse({"unread": len(unread), "pushed": pushed[:5]})
