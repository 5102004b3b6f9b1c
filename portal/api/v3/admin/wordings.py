"""The ISP's own words in place of ours (item 172). Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.conf import settings
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.v3.schema import EMPTY, answers
from portal.api.v3.views import Asked, Fields, SettingsEditorView, domain_of, gone, wanted_truth
from tenants.services import languages, wording


class WordingShape(TypedDict):
    """A text of ours by its English original: what we say in the language, a form each (plurals have several), and what
    the ISP says instead; empty where it says as we do."""

    original: str
    ours: list[str]
    own: list[str]


class WordingsShape(TypedDict):
    """The texts of one language, in the order of the alphabet."""

    locale: str
    wordings: list[WordingShape]


class WordFields(Fields):
    """One text and its forms; none, or empty ones, say it as we do again."""

    original = serializers.CharField(max_length=4000, trim_whitespace=False)
    own = serializers.ListField(
        child=serializers.CharField(max_length=4000, allow_blank=True), required=False, max_length=6
    )


class WordingsFields(Fields):
    """The texts to change; all others stay."""

    wordings = serializers.ListField(child=WordFields(), max_length=5000)


class ChangedShape(TypedDict):
    """How many texts are other ones now."""

    changed: int


class LanguageShape(TypedDict):
    """A language that is read here; `is_added`: the ISP writes it itself. `own`: how many texts it wrote."""

    locale: str
    title: str
    is_added: bool
    own: int


class LanguagesShape(TypedDict):
    """Ours first."""

    languages: list[LanguageShape]


class LanguageFields(Fields):
    """A language that is to be chosen from, such as `de` or `pt-br`."""

    locale = serializers.CharField(max_length=10)


def _shape(code: str, title: str) -> LanguageShape:
    own = len(wording.own_words(code))
    return {"locale": code, "title": title, "is_added": code not in languages.OURS, "own": own}


class LanguagesView(SettingsEditorView):
    """`/wordings`."""

    noun = "settings"

    @answers(LanguagesShape, says="The languages that are read here", name="languages_list")
    def get(self, request: Asked) -> Response:
        return Response({"languages": [_shape(code, str(title)) for code, title in languages.choices()]})

    @answers(LanguageShape, status=201, fields=LanguageFields, says="Add a language", name="languages_add")
    def post(self, request: Asked) -> Response:
        code = LanguageFields.read(request)["locale"]
        languages.add(domain_of(request), code, acting_user=request.user)
        title = {**dict(settings.LANGUAGES), **languages.addable()}[code]
        return Response(_shape(code, str(title)), status=201)


class WordingsView(SettingsEditorView):
    """`/wordings/{locale}`."""

    noun = "settings"

    @answers(
        WordingsShape,
        query={"q": "a word of the text, in English or in the language", "own": "true: only those that were changed"},
        says="The texts of a language",
        name="wordings_list",
    )
    def get(self, request: Asked, locale: str) -> Response:
        texts = wording.texts(locale)
        query = request.query_params.get("q", "")[:200].strip()
        found = wording.find(texts, query=query, changed=bool(wanted_truth(request, "own")))
        shown: list[WordingShape] = [
            {"original": text.original, "ours": list(text.ours), "own": list(text.own)} for text in found
        ]
        return Response({"locale": locale, "wordings": shown})

    @answers(ChangedShape, fields=WordingsFields, says="Say some texts differently", name="wordings_save")
    def put(self, request: Asked, locale: str) -> Response:
        sent = WordingsFields.read(request)["wordings"]
        domain = domain_of(request)
        words = {word["original"]: word.get("own", []) for word in sent}
        changed = wording.set_words(domain, locale, words, acting_user=request.user)
        return Response({"changed": changed})

    @answers(EMPTY, says="Take an added language away, with its texts", name="languages_delete")
    def delete(self, request: Asked, locale: str) -> Response:
        languages.remove(domain_of(request), locale, acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("wordings", LanguagesView.as_view()),
    path("wordings/<str:locale>", WordingsView.as_view()),
]
