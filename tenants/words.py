"""Searching by the beginnings of words, at any size of an ISP.

Behind row-level security an index serves only what leaks nothing: `=` and ranges do, LIKE does not, and a search of
100,000 rows without an index takes 0.3 s. So triggers keep the words of a row beside it, in lower case, and a search is
one range a word: "gat har" finds the Harbour's gate. The words of serial numbers are kept from every letter on, because
people read the last ones off a box. A text splits here as in the database: `SEPARATORS` is written for both.
"""

from __future__ import annotations

import re
from typing import TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet

from tenants.scoping import ScopedModel

# Everything in ASCII and Latin-1 that is no letter or digit, and the punctuation of Unicode.
SEPARATORS = r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+"
LONGEST = 64  # characters of a word that are kept
MOST = 5  # words that are looked for
COMMON = 10_000  # words that begin alike, from where on walking a list is the shorter way
LAST = "\U0010ffff"

RowT = TypeVar("RowT", bound=models.Model)


class Word(ScopedModel):
    """A word of a row, written by the database itself."""

    word = models.CharField(max_length=LONGEST, db_collation="C")

    class Meta(ScopedModel.Meta):
        abstract = True


class AmongThese(Func):
    """Whether a number is in an array. Unlike IN over a query, this is never turned into a join: the array is made
    first, and the rows are fetched by it."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = models.BooleanField()


def words_of(text: str) -> list[str]:
    """The words of a search; those that are beginnings of others say nothing more."""
    found = sorted({part[:LONGEST] for part in re.split(SEPARATORS, lower(text)) if part}, key=len, reverse=True)
    kept: list[str] = []
    for word in found:
        if not any(other.startswith(word) for other in kept):
            kept.append(word)
    return kept[:MOST]


def lower(text: str) -> str:
    """Letters in lower case one by one, as PostgreSQL does it: nothing grows, and no sigma is the last one."""
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def beginning(word: str) -> Q:
    """The words that begin with this one, as a range."""
    return Q(word__gte=word, word__lt=word + LAST)


def sorted_out(model: type[Word], text: str) -> tuple[list[str], list[str]]:
    """The words of a search that begin few words here, the rarest first, and those that begin very many.

    The planner cannot know where in a list's order the rows of a word are, and when it bets on finding some soon it may
    read all of the list word by word (measured: 3 s). So rows of rare words are taken by their numbers, which costs as
    much as there are, and only of common ones the list is walked until enough have it.
    """
    counts = {word: model.objects.filter(beginning(word))[: COMMON + 1].count() for word in words_of(text)}
    rare = sorted((word for word, count in counts.items() if count <= COMMON), key=lambda word: counts[word])
    return rare, [word for word, count in counts.items() if count > COMMON]


def finding(model: type[Word], reference: str, text: str) -> Q:
    """The rows that have all words of a text, as a condition; `reference` leads from a word to its row. An empty text
    finds all, one without a single word (as "%") nothing."""
    if not text.strip():
        return Q()
    rare, common = sorted_out(model, text)
    if not rare and not common:
        return Q(pk__in=[])
    condition = Q()
    if rare:
        rows = model.objects.filter(beginning(rare[0]))
        for word in rare[1:]:
            rows = rows.filter(**{f"{reference}__in": model.objects.filter(beginning(word)).values(reference)})
        condition &= Q(AmongThese(F("pk"), ArraySubquery(rows.values(reference))))
    for word in common:
        condition &= Q(Exists(model.objects.filter(beginning(word), **{reference: OuterRef("pk")})))
    return condition


def search(rows: QuerySet[RowT], model: type[Word], reference: str, text: str) -> QuerySet[RowT]:
    """The rows of a query that have all words of a text."""
    condition = finding(model, reference, text)
    return rows.filter(condition) if condition else rows
