"""The ISP's own words in place of ours (item 172): found, changed, taken out and put in as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.common import Request, one_page, settings_editors
from tenants.errors import Invalid, Missing
from tenants.secrets import digest
from tenants.services import languages, wording, wording_file
from tenants.services.wording import Text

PAGE = 40


@dataclass(frozen=True)
class Line:
    """A text on the page: its place in the form, what was typed, and what is wrong with that."""

    key: str
    text: Text
    forms: list[tuple[str, str, str]]
    error: str = ""


@settings_editors
@require_safe
def wording_start(request: Request) -> HttpResponse:
    """The ISP's own language first."""
    return redirect("wording-language", language=request.domain.locale)


@settings_editors
@require_http_methods(["GET", "HEAD", "POST"])
def wording_page(request: Request, language: str) -> HttpResponse:
    """A page of texts; those that were changed are sent back together."""
    found = wording.find(
        wording.texts(language), query=request.GET.get("q", "")[:200].strip(), changed="own" in request.GET
    )
    page = one_page(request, found, PAGE)
    if request.method != "POST":
        return _page(request, language, page, [_line(text) for text in page])
    sent = _sent(request, page)
    try:
        changed = wording.set_words(request.domain, language, sent, acting_user=request.user)
    except Invalid as error:
        lines = [_line(text, sent, error) for text in page]
        return _page(request, language, page, lines, status=422)
    text = ngettext("%(n)s text is changed.", "%(n)s texts are changed.", changed) % {"n": changed}
    messages.success(request, text)
    return HttpResponseRedirect(request.get_full_path())


def _sent(request: Request, page: Any) -> dict[str, list[str]]:
    """What was typed, by original. Texts that the form did not hold stay as they are."""
    sent = {}
    for text in page:
        key = _key(text.original)
        names = [f"{key}-{number}" for number in range(len(text.ours))]
        if all(name in request.POST for name in names):
            sent[text.original] = [request.POST[name].replace("\r\n", "\n") for name in names]
    return sent


def _key(original: str) -> str:
    return f"t{digest(original)[:16]}"


def _line(text: Text, sent: dict[str, list[str]] | None = None, error: Invalid | None = None) -> Line:
    key = _key(text.original)
    typed = (sent or {}).get(text.original) or list(text.own) or [""] * len(text.ours)
    forms = [(f"{key}-{number}", ours, own) for number, (ours, own) in enumerate(zip(text.ours, typed, strict=True))]
    return Line(key, text, forms, error.message if error and error.field == text.original else "")


def _page(request: Request, language: str, page: Any, lines: list[Line], *, status: int = 200) -> HttpResponse:
    context = {
        "page": page,
        "lines": lines,
        "language": language,
        "own": [(code, name, len(wording.own_words(code))) for code, name in languages.choices()],
        "addable": [pair for pair in languages.addable().items() if pair[0] not in languages.known()],
        "is_added": language not in languages.OURS,
        "query": request.GET.get("q", ""),
        "only_own": "own" in request.GET,
    }
    return render(request, "settings/wording.html", context, status=status)


@settings_editors
@require_POST
def language_add(request: Request) -> HttpResponse:
    """One more language to choose; its texts are written next."""
    code = request.POST.get("language", "")
    languages.add(request.domain, code, acting_user=request.user)
    return redirect("wording-language", language=code)


@settings_editors
@require_http_methods(["GET", "HEAD", "POST"])
def language_remove(request: Request, language: str) -> HttpResponse:
    """Take an added language away, after asking."""
    if language not in request.domain.more_locales:
        raise Missing(_("There is no such language."))
    if request.method != "POST":
        name = languages.addable()[language]
        context = {"language": language, "name": name, "count": len(wording.own_words(language))}
        return render(request, "settings/language_remove.html", context)
    languages.remove(request.domain, language, acting_user=request.user)
    messages.success(request, _("The language is removed."))
    return redirect("wording")


@settings_editors
@require_safe
def wording_export(request: Request, language: str) -> HttpResponse:
    """All texts as a file."""
    content = wording_file.write(wording.known_language(language))
    name = f"perch-{language}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/json; charset=utf-8", headers=headers)


@settings_editors
@require_POST
def wording_import(request: Request, language: str) -> HttpResponse:
    """Take a file in, and tell what was bad in it."""
    back = reverse("wording-language", args=[wording.known_language(language)])
    upload = request.FILES.get("file")
    if upload is None:
        messages.error(request, _("Choose a file first."))
        return HttpResponseRedirect(back)
    try:
        content = upload.read(wording_file.LARGEST + 1)
        report = wording_file.read(request.domain, language, content, acting_user=request.user)
    except Invalid as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(back)
    for number, reason in report.faults[:5]:
        messages.warning(request, _("Entry %(number)s was left out: %(reason)s") % {"number": number, "reason": reason})
    changed = report.changed
    text = ngettext("%(n)s text is changed.", "%(n)s texts are changed.", changed) % {"n": changed}
    messages.success(request, text)
    return HttpResponseRedirect(back)
