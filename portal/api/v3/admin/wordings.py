"""The ISP's own words in place of ours (item 172). Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.v3.schema import answers
from portal.api.v3.views import Asked, Fields, SettingsEditorView, domain_of, wanted_truth
from tenants.services import wording


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


urlpatterns: list[URLPattern] = [path("wordings/<str:locale>", WordingsView.as_view())]
