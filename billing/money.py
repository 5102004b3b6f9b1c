"""Money: whole numbers of a currency's smallest unit, its ISO code, and how people write them.

Offers: `Money` (an amount with its currency; adds, compares, shows), `digits` (0, 2 or 3 decimal places), `parse` and
`plain` (decimal text in and out), `half_up` (the one rounding there is), `PPM` (rates are parts per million, because
9.975 % and 25.5 % exist). No floats and no Decimals come near an amount.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision, list_currencies
from django.utils.translation import get_language

PPM = 1_000_000
LARGEST = 10**12  # minor units a camera and month; keeps every sum of an ISP inside a bigint
# CLDR's currencySpacing, which babel leaves out: KWD 1.234, but €1.23.
_SYMBOL_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
_DECIMAL = re.compile(r"(\d{1,15})(?:[.,](\d+))?")


class MixedCurrencies(ValueError):
    """Two amounts of different currencies cannot meet in one sum."""


def half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded to a whole number, halves up; for amounts that are never negative."""
    if numerator < 0 or denominator <= 0:
        raise ValueError("amounts are never negative")
    return (2 * numerator + denominator) // (2 * denominator)


def digits(currency: str) -> int:
    """Decimal places of a currency: JPY 0, EUR 2, KWD 3. Raises ValueError for what is no ISO code."""
    if not is_currency(currency):
        raise ValueError(f"{currency!r} is no ISO 4217 currency")
    return int(get_currency_precision(currency))


def is_currency(code: str) -> bool:
    """Whether a text is an ISO 4217 code in capitals."""
    return bool(code in list_currencies())


def parse(text: str, currency: str) -> int:
    """Minor units of a decimal text: ("100.0", "EUR") -> 10000. Raises ValueError for what is not exactly an amount."""
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        raise ValueError("an amount is written as digits, with a point before the decimals")
    places = digits(currency)
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > places:
        raise ValueError(f"{currency} has {places} decimal places")
    return int(whole + fraction.ljust(places, "0"))


def plain(minor: int, currency: str) -> str:
    """The amount as decimal text for machines and forms: (10000, "EUR") -> "100.00"."""
    places = digits(currency)
    sign, text = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{text[:-places]}.{text[-places:]}" if places else sign + text


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units of a currency. `str()` writes it in the language of the moment."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return self.format()

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency}")
        return other.minor

    def format(self, locale: str | None = None) -> str:
        """The amount as a person of that language writes it: €100.00, 100,00 €."""
        amount = Decimal(self.minor).scaleb(-digits(self.currency))
        text = format_currency(amount, self.currency, locale=_babel_locale(locale))
        return _SYMBOL_BESIDE_DIGIT.sub("\N{NO-BREAK SPACE}", text)

    @property
    def plain(self) -> str:
        """The amount as decimal text without currency."""
        return plain(self.minor, self.currency)


def _babel_locale(name: str | None) -> Locale:
    try:
        return Locale.parse((name or get_language() or "en").replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")


def percent(ppm: int) -> str:
    """A rate as decimal text in per cent: 99750 -> "9.975"."""
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0") if rest else str(whole)


def parse_percent(text: str) -> int:
    """Parts per million of a decimal text in per cent: "9.975" or "9.975%" -> 99750. Raises ValueError."""
    match = _DECIMAL.fullmatch(text.strip().removesuffix("%").strip())
    if match is None or len((match[2] or "").rstrip("0")) > 4:
        raise ValueError("a rate is written in per cent, with at most four decimals")
    return int(match[1]) * 10_000 + int((match[2] or "").rstrip("0").ljust(4, "0"))
