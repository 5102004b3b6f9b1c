"""Settings > Mail: the server, the texts with their preview, a test, and what became of the last mails (174, 175).

A preview is somebody's HTML: it is shown in a frame without origin, scripts, forms and network, whose policy names the
very styles it holds and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.common import Request, admins_only, submit
from portal.pages.forms_mail import RelayForm, TemplateForm, TestMailForm
from tenants import clock
from tenants.errors import Missing, PerchError
from tenants.models import Mail, MailTemplate
from tenants.services import languages, mail, mail_relays, mail_templates
from tenants.services.mail_templates import Letter, Source

METHODS = ["GET", "HEAD", "POST"]
FIELDS = ("host", "port", "security", "login", "sender", "sender_name")
LAST = 20
MOST_STYLES = 200


@sensitive_post_parameters("password")
@admins_only
@require_http_methods(METHODS)
def mail_page(request: Request) -> HttpResponse:
    """The mail server, the list of texts, and the last mails."""
    row = mail_relays.relay()
    initial = {name: getattr(row, name) for name in FIELDS} if row else {}
    form = RelayForm(request.POST or None, initial=initial)
    done = submit(request, form, lambda values: mail_relays.change_relay(acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("The mail server is saved. Send yourself a test."))
        return redirect("mail-settings")
    context = {
        "form": form,
        "relay": row,
        "has_password": bool(row and row.password_sealed),
        "has_installation_server": bool(settings.PERCH_SMTP["host"]),
        "test_form": TestMailForm(initial={"to": mail.address_of(request.user)}),
        "texts": _texts(),
        "mails": Mail.objects.all()[:LAST],
    }
    return render(request, "settings/mail.html", context, status=422 if form.errors else 200)


def _texts() -> list[dict[str, Any]]:
    """All mails, with the languages that have a text of the ISP's own."""
    own: dict[str, list[str]] = {}
    for name, locale in MailTemplate.objects.values_list("name", "locale"):
        own.setdefault(name, []).append(locale)
    return [
        {"name": name, "title": kind.title, "own": own.get(name, [])} for name, kind in mail_templates.KINDS.items()
    ]


@admins_only
@require_POST
def remove_relay(request: Request) -> HttpResponse:
    """Back to the installation's server, or to none."""
    mail_relays.remove_relay(acting_user=request.user)
    messages.success(request, _("The mail server is removed."))
    return redirect("mail-settings")


@admins_only
@require_POST
def send_test(request: Request) -> HttpResponse:
    """Send a mail this moment and tell what the server said."""
    form = TestMailForm(request.POST)
    name = request.POST.get("template") or "test"
    mail_templates.kind_of(name)
    locale = languages.written(request.POST.get("locale") or request.domain.locale)
    back = redirect("mail-text", name=name) if request.POST.get("template") else redirect("mail-settings")
    if not form.is_valid():
        messages.error(request, _("This is no e-mail address."))
        return back
    try:
        mail.send_test(to=form.cleaned_data["to"], locale=locale, template=name, data=_sample(request, locale))
    except PerchError as error:
        messages.error(request, _("The test was not sent: %(reason)s") % {"reason": error.message})
    else:
        messages.success(request, _("The server took the test for %(to)s.") % {"to": form.cleaned_data["to"]})
    return back


def _sample(request: Request, locale: str) -> dict[str, str]:
    return {**mail_templates.SAMPLE, "time": mail.local_time(clock.now(), request.domain, locale)}


def _locale(request: Request) -> str:
    return languages.written(request.GET.get("locale") or request.domain.locale)


@admins_only
@require_http_methods(METHODS)
def text_page(request: Request, name: str) -> HttpResponse:
    """One mail's text in one language: ours until the ISP writes its own."""
    kind, locale = mail_templates.kind_of(name), _locale(request)
    written = mail_templates.source(name, locale)
    form = TemplateForm(request.POST or None, initial={"text": written.text, "html": written.html})
    done = submit(
        request,
        form,
        lambda values: mail_templates.change_template(name, locale, acting_user=request.user, **_unix(values)),
    )
    if done is not None:
        messages.success(request, _("The text is saved."))
        return _at_text(name, locale)
    context = {
        "form": form,
        "name": name,
        "kind": kind,
        "locale": locale,
        "languages": languages.choices(),
        "is_own": mail_templates.own(name, locale) is not None,
        "test_form": TestMailForm(initial={"to": mail.address_of(request.user)}),
    }
    response = render(request, "settings/mail_text.html", context, status=422 if form.errors else 200)
    response._csp_update = {"frame-src": ["'self'"]}  # type: ignore[attr-defined]  # django-csp's own
    return response


def _unix(values: dict[str, str]) -> dict[str, str]:
    """Browsers end lines in forms with two characters."""
    return {field: value.replace("\r\n", "\n") for field, value in values.items()}


def _at_text(name: str, locale: str) -> HttpResponse:
    response = redirect("mail-text", name=name)
    response["Location"] += f"?locale={locale}"
    return response


@admins_only
@require_POST
def restore_text(request: Request, name: str) -> HttpResponse:
    """Our own text again."""
    locale = _locale(request)
    mail_templates.restore_default(name, locale, acting_user=request.user)
    messages.success(request, _("Our own text is used again."))
    return _at_text(name, locale)


@never_cache
@admins_only
@require_http_methods(METHODS)
def preview(request: Request, name: str) -> HttpResponse:
    """A mail filled with samples: as it is kept, or as it is being written."""
    mail_templates.kind_of(name)
    locale, as_html = _locale(request), request.GET.get("kind") != "text"
    written = mail_templates.source(name, locale)
    if request.method == "POST":
        written = Source(request.POST.get("text", ""), request.POST.get("html", ""))
    if max(len(written.text), len(written.html)) > mail_templates.LONGEST:
        raise Missing(_("The text is too long to be shown."))
    letter = mail_templates.render(written, mail.values_of(request.domain, _sample(request, locale)))
    return sealed(letter, as_html=as_html)


def sealed(letter: Letter, *, as_html: bool) -> HttpResponse:
    """A letter as a document that can do nothing but be looked at."""
    if as_html and letter.html.strip():
        response = HttpResponse(letter.html, content_type="text/html; charset=utf-8")
    else:
        text = f"{_('Subject')}: {letter.subject}\n\n{letter.text}"
        response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    styles = " ".join(style_sources(letter.html) if as_html else []) or "'none'"
    response["Content-Security-Policy"] = "; ".join(
        [
            "sandbox",
            "default-src 'none'",
            f"style-src {styles}",
            "img-src data:",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
        ]
    )
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


class _Styles(HTMLParser):
    """Collects the styles of a document: of elements, and of attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "style"
        self.found += [value for name, value in attrs if name == "style" and value]

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found.append(data)


def style_sources(document: str) -> list[str]:
    """The sources of a policy that allow exactly the styles of a document."""
    styles = _Styles()
    styles.feed(document)
    digests = [hashlib.sha256(style.encode()).digest() for style in dict.fromkeys(styles.found)][:MOST_STYLES]
    hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    return ["'unsafe-hashes'", *hashes] if hashes else []
