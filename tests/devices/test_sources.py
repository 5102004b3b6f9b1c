"""What may be written as a camera's address."""

from __future__ import annotations

import time

import pytest

from devices import sources
from devices.sources import SourceRefused, check_source, parse_source, redact
from tenants.addresses import AddressPolicy


def test_an_address_is_taken_apart() -> None:
    source = parse_source("rtsp://ad%6Din:p%40ss@Cam.Example:8554/main/1?channel=2&x=/")
    assert (source.scheme, source.host, source.port) == ("rtsp", "cam.example", 8554)
    assert (source.username, source.password) == ("admin", "p@ss")
    assert source.target == "/main/1?channel=2&x=/"
    assert source.address == "rtsp://cam.example:8554/main/1?channel=2&x=/"
    assert "p@ss" not in repr(source)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("rtsp://cam/x", 554),
        ("rtsps://cam/x", 322),
        ("http://cam/x.m3u8", 80),
        ("https://cam/", 443),
        ("rtsp://[2a00::1]", 554),
    ],
)
def test_each_scheme_has_its_port(text: str, port: int) -> None:
    assert parse_source(text).port == port


def test_a_raw_password_with_signs_in_it_is_understood() -> None:
    source = parse_source("rtsp://admin:p@ss:word@10.0.0.5/x")
    assert (source.host, source.password) == ("10.0.0.5", "p@ss:word")


@pytest.mark.parametrize("text", ["fake://fake", "fake://clock", "FAKE://Clock/"])
def test_there_are_two_virtual_cameras(text: str) -> None:
    assert parse_source(text).is_virtual


REFUSED = {
    sources.BAD_SCHEME: ["", "cam", "-i", "-rtsp://cam/x", "file:///etc/passwd", "/etc/passwd", "concat:a", "tcp://cam:1",
                         "ftp://cam/x", "data://x", "rtmp://cam/x", "udp://cam:1", "subfile://x", "javascript://cam"],
    sources.BAD_VIRTUAL: ["fake://", "fake://other", "fake://clock/../x"],
    sources.BAD_CHARACTERS: ["rtsp://cam/a b", "rtsp://cam/\r\nx", "rtsp://cam/\x00", "rtsp://cam/\u2028", "rtsp://cam/\\x",
                             "rtsp://cam/'x", 'rtsp://cam/"', "rtsp://cam/`id`", "rtsp://cam/a|b", " rtsp://cam/",
                             "rtsp://u:%0d%0a@cam/", "rtsp://u%00:p@cam/"],
    sources.BAD_HOST: ["rtsp://", "rtsp:///x", "rtsp://-cam/x", "rtsp://[::1", "rtsp://[cam]/", "rtsp://①②⑦.⓪.⓪.①/x",
                       "rtsp://a..b/", "rtsp://caf\u00e9/", "rtsp://u:p@/x", "rtsp://a,b/", "rtsp://$(id)/"],
    sources.BAD_PORT: ["rtsp://cam:0/", "rtsp://cam:65536/", "rtsp://cam:x/", "rtsp://cam:-1/", "rtsp://cam:٥٥٤/"],
    sources.BAD_FRAGMENT: ["rtsp://cam/x#y", "http://cam/x.m3u8#"],
    sources.TOO_LONG: ["rtsp://cam/" + "x" * 2000],
}  # fmt: skip


@pytest.mark.parametrize(("message", "text"), [(message, text) for message, texts in REFUSED.items() for text in texts])
def test_what_is_no_camera_is_refused_with_the_reason(message: str, text: str) -> None:
    with pytest.raises(SourceRefused) as refusal:
        parse_source(text)
    assert refusal.value.message == message
    assert redact(text) == ""


def test_an_address_the_installation_may_not_reach_is_refused_in_the_form() -> None:
    for text in [
        "rtsp://127.0.0.1/x",
        "http://2130706433/x",
        "rtsp://localhost/x",
        "rtsp://10.0.0.5/x",
        "rtsp://[::1]/x",
    ]:
        with pytest.raises(SourceRefused) as refusal:
            check_source(text, AddressPolicy())
        assert refusal.value.code == "refused_address"
    assert check_source("rtsp://10.0.0.5/x", AddressPolicy.parse("10.0.0.0/8")).host == "10.0.0.5"
    assert check_source("fake://fake", AddressPolicy()).is_virtual


def test_a_list_shows_no_password() -> None:
    assert redact("rtsp://admin:secret@10.0.0.5:554/main?x=1") == "rtsp://10.0.0.5/main?x=1"


def test_a_hostile_text_costs_no_time() -> None:
    began = time.perf_counter()
    for text in [
        "rtsp://" + "a." * 900,
        "rtsp://" + "@" * 1900,
        "rtsp://" + ":" * 1900,
        "rtsp://[" + ":" * 1900 + "]",
        "x" * 100_000,
    ]:
        with pytest.raises(SourceRefused):
            parse_source(text)
    assert time.perf_counter() - began < 0.1
