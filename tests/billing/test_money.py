"""Money as it is written, read and rounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import MixedCurrencies, Money, digits, half_up, parse, parse_percent, percent, plain

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "USD", "RUB", "CLP", "BHD"])


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLP", 0), ("TND", 3)])
def test_each_currency_has_its_decimal_places(currency: str, places: int) -> None:
    assert digits(currency) == places


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("100", "EUR", 10_000),
        ("100.0", "USD", 10_000),
        ("0,5", "EUR", 50),
        ("7", "JPY", 7),
        ("1.234", "KWD", 1234),
        ("1.50", "KWD", 1500),
    ],
)
def test_amounts_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert parse(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "EUR"),
        ("-1", "EUR"),
        ("1.005", "EUR"),
        ("1.5", "JPY"),
        ("1e3", "EUR"),
        ("1.", "EUR"),
        ("1 000", "EUR"),
        ("1", "XXQ"),
        ("1", "eur"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError):
        parse(text, currency)


@given(minor=st.integers(0, 10**14), currency=CURRENCIES)
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    assert parse(plain(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(123_456, "EUR"), "de", "1.234,56 €"),
        (Money(123_456, "EUR"), "en", "€1,234.56"),
        (Money(1234, "JPY"), "en", "¥1,234"),
        (Money(1234, "KWD"), "en", "KWD 1.234"),
        (Money(-5, "EUR"), "en", "-€0.05"),
        (Money(5, "EUR"), "xx", "€0.05"),
    ],
)
def test_money_is_shown_as_people_of_a_language_write_it(money: Money, locale: str, text: str) -> None:
    assert money.format(locale).replace("\xa0", " ").replace("\u202f", " ") == text


def test_two_currencies_never_meet_in_one_sum() -> None:
    with pytest.raises(MixedCurrencies):
        Money(1, "EUR") + Money(1, "USD")


@given(numerator=st.integers(0, 10**20), denominator=st.integers(1, 10**12))
def test_halves_go_up_and_nothing_is_off_by_more_than_a_half(numerator: int, denominator: int) -> None:
    off = 2 * (half_up(numerator, denominator) * denominator - numerator)
    assert -denominator < off <= denominator


@pytest.mark.parametrize(
    ("ppm", "text"), [(0, "0"), (99_750, "9.975"), (255_000, "25.5"), (1_000_000, "100"), (1, "0.0001")]
)
def test_rates_are_written_in_per_cent_and_read_back(ppm: int, text: str) -> None:
    assert percent(ppm) == text
    assert parse_percent(f"{text}%") == ppm
