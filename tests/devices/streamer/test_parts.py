"""The parts that need no camera: descriptions, challenges, frames, dates, cuts and playlists."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request

from devices.streamer.app import PIECE, Playback
from devices.streamer.boxes import BoxSplitter, Fragment, Malformed, parse_init
from devices.streamer.errors import SourceError
from devices.streamer.exports import Export, gaps_of
from devices.streamer.gateway import FrameCutter
from devices.streamer.hls import parse_playlist
from devices.streamer.index import Block, Entry, Span, join_spans
from devices.streamer.playlists import Variant, archive, chunks, master
from devices.streamer.recorder import pause
from devices.streamer.rtsp import Credentials, Reply
from devices.streamer.sdp import parse_sdp, write_sdp
from devices.streamer.segments import ClockTorn, Segmenter, Timeline
from devices.streamer.sessions import Decision, Refused, Sessions, Visit
from devices.streamer.settings import Settings
from devices.streamer.stream import Stream
from devices.streamer.wire import FOREVER, read_stream
from tenants.addresses import AddressPolicy

SDP = """v=0
s=Camera
a=control:*
m=audio 0 RTP/AVP 0
a=control:trackID=2
m=video 0 RTP/AVP 26
a=control:trackID=0
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==
a=control:trackID=1
a=tool:x\r\nc=IN IP4 6.6.6.6
m=application 0 RTP/AVP 107
"""


def test_the_first_usable_video_and_the_first_sound_are_taken() -> None:
    session = parse_sdp(SDP)
    assert (session.video.codec, session.video.payload, session.video.control) == ("h264", 96, "trackID=1")
    assert session.audio is not None
    assert (session.audio.encoding, session.audio.clock) == ("PCMU", "8000")


def test_ffmpeg_hears_our_words_only() -> None:
    said = write_sdp([parse_sdp(SDP).video])
    assert "sprop-parameter-sets=Z0IAKeKQFAe2AtwEBAaQeJEV,aM48gA==" in said
    assert "6.6.6.6" not in said
    assert "trackID" not in said
    assert "a=control:track0" in said


@pytest.mark.parametrize(
    ("sdp", "code"),
    [
        ("v=0\r\n", "no_video"),
        ("m=audio 0 RTP/AVP 0\n", "no_video"),
        ("garbage", "no_video"),
        ("m=video 0 RTP/AVP 26\n", "unsupported_codec"),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 VP8/90000\n", "unsupported_codec"),
    ],
)
def test_what_is_missing_is_named(sdp: str, code: str) -> None:
    with pytest.raises(SourceError) as error:
        parse_sdp(sdp)
    assert error.value.code == code


def challenged(*challenges: str) -> Credentials:
    credentials = Credentials("Mufasa", "Circle of Life")
    assert credentials.accept(Reply(401, [("www-authenticate", one) for one in challenges]))
    return credentials


def test_the_digest_of_rfc_2069_is_answered() -> None:
    credentials = challenged('Digest realm="testrealm@host.com", nonce="dcd98b", opaque="5ccc"')
    header = credentials.header("DESCRIBE", "rtsp://cam/x") or ""
    first = hashlib.md5(b"Mufasa:testrealm@host.com:Circle of Life").hexdigest()
    second = hashlib.md5(b"DESCRIBE:rtsp://cam/x").hexdigest()
    assert hashlib.md5(f"{first}:dcd98b:{second}".encode()).hexdigest() in header
    assert 'opaque="5ccc"' in header


def test_the_digest_of_rfc_7616_is_preferred_with_sha_256() -> None:
    credentials = challenged('Basic realm="x"', 'Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=MD5',
                             'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256')  # fmt: skip
    header = credentials.header("DESCRIBE", "rtsp://cam/x") or ""
    own = re.search(r'cnonce="(\w+)"', header)
    assert own
    first = hashlib.sha256(b"Mufasa:r:Circle of Life").hexdigest()
    second = hashlib.sha256(b"DESCRIBE:rtsp://cam/x").hexdigest()
    assert hashlib.sha256(f"{first}:n:00000001:{own[1]}:auth:{second}".encode()).hexdigest() in header
    assert "nc=00000002" in (credentials.header("SETUP", "rtsp://cam/x") or "")


def test_no_password_is_sent_before_or_without_a_challenge_we_know() -> None:
    assert Credentials("a", "b").header("DESCRIBE", "rtsp://cam") is None
    assert not Credentials("a", "b").accept(Reply(401, [("www-authenticate", "Negotiate")]))
    assert not Credentials("", "").accept(Reply(401, [("www-authenticate", 'Basic realm="x"')]))


def frame(channel: int, data: bytes) -> bytes:
    return b"$" + bytes([channel]) + len(data).to_bytes(2, "big") + data


def test_frames_pass_and_answers_between_them_do_not() -> None:
    cutter = FrameCutter({0: 0, 1: 1})
    stream = (
        frame(0, b"abc") + b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nhi"
        + frame(1, b"") + frame(7, b"alien") + frame(0, b"RTSP/1.0 302")
        + b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" + frame(0, b"end")
    )  # fmt: skip
    expected = frame(0, b"abc") + frame(1, b"") + frame(0, b"RTSP/1.0 302") + frame(0, b"end")
    for step in (1, 3, 7, len(stream)):
        pending, got = bytearray(), b""
        for at in range(0, len(stream), step):
            pending += stream[at : at + step]
            got += cutter.cut(pending)
        assert got == expected
        assert not pending


def test_a_camera_may_choose_its_own_channels() -> None:
    pending = bytearray(frame(4, b"video") + frame(5, b"report"))
    assert FrameCutter({4: 0, 5: 1}).cut(pending) == frame(0, b"video") + frame(1, b"report")


@pytest.mark.parametrize("said", [b"RTSP/1.0 302 Moved\r\n\r\n", b"REDIRECT rtsp://x RTSP/1.0\r\n\r\n", b"x" * 20_000])
def test_a_redirect_or_garbage_in_the_stream_ends_it(said: bytes) -> None:
    with pytest.raises(SourceError):
        FrameCutter({0: 0}).cut(bytearray(frame(0, b"abc") + said))


def test_late_arrivals_do_not_move_the_date() -> None:
    timeline = Timeline()
    for number, late in enumerate([1.2, 0.9, 0.3, 0.0, 0.4, 0.1, 2.0, 0.0]):
        timeline.observe(number + 1.0, 1000.0 + number + 1.0 + late)
    assert timeline.date(5.0) == pytest.approx(1005.0)


def test_a_burst_at_the_start_is_no_jump() -> None:
    """A camera hands over ten seconds it had kept, and is in time from then on."""
    timeline = Timeline()
    for number in range(40):
        media = number * 0.5
        timeline.observe(media, 1000.0 + max(10.0 + number * 0.01, media))
    assert timeline.date(19.5) == pytest.approx(1019.5)


def test_a_slow_drift_is_followed_and_a_jump_begins_a_new_run() -> None:
    timeline = Timeline()
    for number in range(600):
        media = number * 0.5
        timeline.observe(media, 1000.0 + media * 1.0005)
    assert timeline.date(299.5) == pytest.approx(1000 + 299.5 * 1.0005, abs=0.06)
    with pytest.raises(ClockTorn):
        timeline.observe(300.0, 1000.0 + 300.0 - 3600)


def test_segments_begin_with_a_key_frame_and_are_not_too_short() -> None:
    segmenter = Segmenter(shortest=1.0, longest=5.0)
    done = []
    for number in range(40):
        fragment = Fragment(bytes([number]), number * 0.5, 0.5, number % 3 == 1, 5)
        done += [segmenter.add(fragment)]
    cuts = [[one.start for one in found[0]] for found in done if found]
    assert cuts[0] == [0.5, 1.0, 1.5]
    assert all(len(cut) == 3 for cut in cuts)
    endless = Segmenter(shortest=1.0, longest=2.0)
    long = [endless.add(Fragment(b"x", number * 0.5, 0.5, number == 0, 5)) for number in range(10)]
    assert [len(found[0]) for found in long if found] == [4, 4]


def block(number: int, run: str, *starts: int) -> Block:
    entries = [Entry(start, 1000, 100 * index, 100) for index, start in enumerate(starts)]
    return Block(number, 1, run, 1, "p", starts[0], starts[-1] + 1000, 100, entries)


def test_a_growing_playlist_leaves_out_what_may_still_change() -> None:
    blocks = [block(1, "a", 0, 1000, 2000), block(2, "a", 3000, 4000, 5000, 6000, 7000)]
    whole = chunks(blocks, 0, 10**9, 2.0, grows=False)
    growing = chunks(blocks, 0, 10**9, 2.0, grows=True)
    assert [(one.block.id, one.first, len(one.entries)) for one in whole] == [
        (1, 0, 2),
        (1, 2, 1),
        (2, 0, 2),
        (2, 2, 2),
        (2, 4, 1),
    ]
    assert growing == whole[:-1]
    assert [one.start for one in chunks(blocks, 2500, 4500, 4.0, grows=False)] == [2000, 3000]


def test_gaps_and_new_runs_are_seams() -> None:
    blocks = [block(1, "a", 0, 1000, 9000), block(2, "b", 10_000)]
    text = archive(chunks(blocks, 0, 10**9, 4.0, grows=False), "t&/", grows=False)
    assert text.count("#EXT-X-DISCONTINUITY\n") == 2
    assert text.count("#EXT-X-PROGRAM-DATE-TIME") == 3
    assert "dvr/1-0-2.m4s?token=t%26%2F" in text
    assert master([Variant("main", 400)], "").endswith("index.m3u8?stream=main\n")


def test_spans_and_gaps() -> None:
    spans = join_spans([(0, 1000), (1200, 2000), (2000, 2500), (9000, 9500)], 500)
    assert spans == [Span(0, 2500), Span(9000, 9500)]
    assert gaps_of(spans, (0.0, 12.0)) == [(2.5, 9.0), (9.5, 12.0)]


def test_variants_pieces_ranges_and_keys_of_a_playlist_are_read() -> None:
    found = parse_playlist(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=9\n/high.m3u8\n",
        "http://c/a/m.m3u8",
    )
    assert found.variants == ["http://c/high.m3u8", "http://c/a/low.m3u8"]
    media = parse_playlist(
        '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI="i.mp4"\n#EXT-X-KEY:METHOD=AES-128,URI="k"\n'
        "#EXTINF:4.0,\n#EXT-X-BYTERANGE:10@5\nx.m4s\n#EXTINF:4.0,\n#EXT-X-BYTERANGE:10\nx.m4s\n#EXT-X-ENDLIST\n",
        "http://c/a/m.m3u8",
    )
    assert [(one.number, one.byte_range, one.key_url) for one in media.pieces] == [
        (7, (5, 14), "http://c/a/k"),
        (8, (15, 24), "http://c/a/k"),
    ]
    assert media.pieces[0].iv == (7).to_bytes(16, "big")
    assert media.ended
    for text in ["<html>", "#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=k\n"]:
        with pytest.raises(SourceError):
            parse_playlist(text, "http://c/")


@pytest.mark.parametrize("data", [b"", b"\0\0\0\4moov", b"\0\0\0\x10moov\0\0\0\x20trak", b"moov" * 100])
def test_malformed_boxes_raise_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_init(data)


def test_a_box_too_large_for_a_camera_is_no_box() -> None:
    with pytest.raises(Malformed):
        list(BoxSplitter().feed(b"\x7f\xff\xff\xffmdat"))


def test_the_pause_between_attempts_doubles_up_to_a_minute() -> None:
    settings = Settings("s", "http://perch", "key", Path("/nowhere"), networks=AddressPolicy())
    seen = [max(pause(retries, settings) for _ in range(300)) for retries in (0, 1, 2, 3, 7, 1000)]
    assert [round(one) for one in seen] == [1, 1, 2, 4, 60, 60]
    assert min(pause(7, settings) for _ in range(300)) >= 42


def test_a_stream_is_read_from_what_perch_says() -> None:
    wanted = read_stream(
        {
            "name": "a/b~7",
            "inputs": [{"url": "rtsp://m"}, {"url": "rtsp://s", "rendition": "sub"}],
            "dvr": {"storage_limit": 5},
        }
    )
    assert wanted is not None
    assert (wanted.main, wanted.sub, wanted.expiration, wanted.storage_limit) == ("rtsp://m", "rtsp://s", FOREVER, 5)
    bad_ones: list[dict[str, Any]] = [
        {},
        {"name": "../x", "inputs": [{"url": "x"}]},
        {"name": "x", "inputs": []},
        {"name": 7, "inputs": [{"url": "x"}]},
    ]
    for bad in bad_ones:
        assert read_stream(bad) is None


def test_a_lost_right_cuts_a_download_at_its_next_piece(tmp_path: Path) -> None:
    file = tmp_path / "export.mp4"
    file.write_bytes(bytes(3 * PIECE))
    answers = [Decision(allowed=True, duration=0.0), Decision(allowed=True, duration=0.0), Decision(allowed=False)]

    async def ask(_: Visit) -> Decision:
        return answers.pop(0)

    async def download() -> int:
        request = Request({"type": "http", "query_string": b"token=t", "headers": [], "client": None})
        stream = SimpleNamespace(wanted=SimpleNamespace(name="yard~1"), bytes_out=0)
        playback = Playback(request, cast(Stream, stream), (), Sessions(ask, doubt=60, viewer=12))
        await playback.admit("mp4", dvr=True)
        with pytest.raises(Refused):
            async for _ in playback.guarded(Export(file, 1.0, [], 0.0), 0, 3 * PIECE - 1):
                pass
        return int(stream.bytes_out)

    assert asyncio.run(download()) == PIECE


def test_a_decision_without_ranges_is_the_whole_archive_and_an_unreadable_one_is_none_of_it() -> None:
    headers = {"X-AuthDuration": "7"}
    assert Decision.of(200, headers, b"{}").clip(0, 10) == [(0, 10)]
    assert Decision.of(200, headers, b'{"allowed_dvr_ranges":[]}').clip(0, 10) == []
    ranges = b'{"allowed_dvr_ranges":[{"opened_at":2,"closed_at":4},{"opened_at":8}]}'
    assert Decision.of(200, headers, ranges).clip(0, 10) == [(2, 4), (8, 10)]
    assert Decision.of(200, headers, b"garbage").clip(0, 10) == []
    assert not Decision.of(302, headers, b"").allowed
    assert Decision.of(403, headers, b"").duration == 7
