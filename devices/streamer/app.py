"""The playback door: HLS live and archive, MP4, JPEG, facts. Perch is asked before anything is shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from devices.streamer import playlists
from devices.streamer.archive import Archive
from devices.streamer.exports import Export, ExportRefused, Exports
from devices.streamer.fleet import Fleet, plain_host
from devices.streamer.index import Block, Index
from devices.streamer.live import bytes_of, read_place
from devices.streamer.past import Past
from devices.streamer.pictures import Pictures
from devices.streamer.playlists import Variant
from devices.streamer.segments import Place
from devices.streamer.sessions import Decision, Refused, Sessions, Undecided, Visit
from devices.streamer.stream import MAIN, SUB, Stream
from tenants import clock

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Range",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, Content-Disposition, Date",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
NO_STORE = {"Cache-Control": "no-store"}
# A segment never changes, but the right to see it may: a browser may keep it for itself for a moment.
BRIEFLY = {"Cache-Control": "private, max-age=60"}
PLAYLIST, MP4, JPEG = "application/vnd.apple.mpegurl", "video/mp4", "image/jpeg"
LONGEST_PLAYLIST = 7 * 86400
PREPARE_WAIT, DOWNLOAD_WAIT = 25.0, 600.0
SECOND_RENDITION = 3.0
PIECE = 256 * 1024

TITLES = {
    400: ("bad_request", "The request cannot be understood."),
    403: ("forbidden", "You may not watch this."),
    404: ("not_found", "There is no such video."),
    416: ("range_not_satisfiable", "The file does not have this part."),
    503: ("unavailable", "The permission could not be checked; try again."),
}


class Fault(Exception):
    """An answer that is no video."""

    def __init__(self, status: int, code: str = "", title: str = "") -> None:
        standard = TITLES.get(status, ("error", "This did not work."))
        super().__init__(title or standard[1])
        self.status, self.code, self.title = status, code or standard[0], title or standard[1]

    def response(self) -> Response:
        error = {"status": str(self.status), "code": self.code, "title": self.title}
        extra = {"Retry-After": "2"} if self.status == 503 else {}
        return JSONResponse({"errors": [error]}, self.status, headers=NO_STORE | extra)


class Door:
    """Answers the requests of viewers."""

    def __init__(
        self,
        fleet: Fleet,
        sessions: Sessions,
        archive: Archive,
        pictures: Pictures,
        past: Past,
        exports: Exports,
    ) -> None:
        self._fleet, self._sessions, self._archive = fleet, sessions, archive
        self._pictures, self._past, self._exports = pictures, past, exports
        handlers: list[tuple[str, Callable[[Playback], Awaitable[Response]]]] = [
            (r"index\.m3u8", self.live_playlist),
            (r"live/(main|sub)/([0-9a-f]{12})/init\.mp4", self.live_init),
            (r"live/(main|sub)/([0-9a-f]{12})/(\d{1,15})\.m4s", self.live_segment),
            (r"archive-(\d{1,11})-(\d{1,8}|now)\.m3u8", self.archive_playlist),
            (r"archive-(\d{1,11})-(\d{1,8})\.mp4", self.archive_file),
            (r"dvr/init-(\d{1,15})\.mp4", self.archive_init),
            (r"dvr/(\d{1,15})-(\d{1,9})-(\d{1,6})\.m4s", self.archive_segment),
            (r"recording_status\.json", self.recording_status),
            (r"media_info\.json", self.media_info),
            (r"preview\.jpg", self.live_picture),
            (r"(\d{1,11})-preview\.jpg", self.archive_picture),
        ]
        name = r"(?P<name>[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*(?:~\d{1,18})?)"
        self._routes = [(re.compile(f"^{name}/{pattern}$"), handler) for pattern, handler in handlers]

    async def answer(self, request: Request) -> Response:
        """Find what is asked for; every answer, good or bad, carries the same headers."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=HEADERS | {"Access-Control-Max-Age": "86400"})
        try:
            response = await self._route(request)
        except Fault as fault:
            response = fault.response()
        except Refused as refused:
            response = Fault(403, refused.code, refused.title).response()
        except Undecided:
            response = Fault(503).response()
        except ExportRefused as error:
            response = Fault(error.status, error.code, error.message).response()
        response.headers.update(HEADERS)
        return response

    async def _route(self, request: Request) -> Response:
        path = request.path_params["path"]
        if len(path) > 300:
            raise Fault(404)
        for pattern, handler in self._routes:
            if found := pattern.match(path):
                stream = self._fleet.find(found["name"], request.headers.get("host", ""))
                if stream is None:
                    raise Fault(404)
                return await handler(Playback(request, stream, found.groups()[1:], self._sessions))
        raise Fault(404)

    # -- live

    async def live_playlist(self, playback: Playback) -> Response:
        stream = playback.stream
        await playback.admit("hls")
        await stream.watched()
        wanted = playback.request.query_params.get("stream", "")
        if wanted not in ("", MAIN, SUB) or (wanted == SUB and SUB not in stream.recorders):
            raise Fault(404)
        rendition = wanted or MAIN
        if not await stream.first_segment(rendition):
            error = stream.main.error
            raise Fault(404, error.code if error else "no_video", error.message if error else "There is no video yet.")
        if not wanted and SUB in stream.recorders:
            await stream.first_segment(SUB, SECOND_RENDITION)  # players read the list of renditions once
            return _text(playlists.master(_variants(stream), playback.token))
        window = stream.recorders[rendition].live
        text = playlists.live(window.shown(), rendition, playback.token, window.discontinuities_before_shown())
        return _text(text)

    async def live_init(self, playback: Playback) -> Response:
        rendition, run = playback.parts
        await playback.admit("hls")
        recorder = playback.stream.recorders.get(rendition)
        init = recorder.live.init(run) if recorder else None
        if init is None:
            raise Fault(404)
        return Response(init.data, media_type=MP4, headers=BRIEFLY)

    async def live_segment(self, playback: Playback) -> Response:
        rendition, run, number = playback.parts
        await playback.admit("hls")
        recorder = playback.stream.recorders.get(rendition)
        segment = recorder.live.find(int(number)) if recorder else None
        if segment is None or segment.run != run:
            raise Fault(404)
        return playback.media(await _present(bytes_of(segment)))

    # -- archive

    async def archive_playlist(self, playback: Playback) -> Response:
        start, end = playback.window()
        if end - start > LONGEST_PLAYLIST:
            raise Fault(400, "too_long", "A playlist covers at most seven days.")
        decision = await playback.admit("hls", dvr=True)
        recording = playback.stream.main.writer is not None and playback.stream.main.is_alive
        grows = recording and end >= clock.timestamp()
        parts = _seen(decision, start, end)
        found = await self._past.cut(playback.stream.wanted, parts, playback.token, grows=grows)
        if not found:
            raise Fault(404, "nothing_recorded", "Nothing was recorded in this window.")
        named = {"name": playback.name, "host": plain_host(playback.request.headers.get("host", ""))}
        return _text(playlists.archive(found, playback.token, grows=grows, **named))

    async def archive_init(self, playback: Playback) -> Response:
        number = int(playback.parts[0])
        parts = _seen(await playback.admit("hls", dvr=True), 0, clock.timestamp() + 1)
        # Numbers count over all cameras: a name of one's own must not open the beginning of somebody else's recording.
        if not await self._archive.index.read(Index.begins_with, playback.name, number, parts):
            raise Fault(404)
        found = await self._archive.index.read(Index.init, number)
        if found is None:
            raise Fault(404)
        return Response(found[1], media_type=MP4, headers=BRIEFLY)

    async def archive_segment(self, playback: Playback) -> Response:
        number, first, count = (int(part) for part in playback.parts)
        decision = await playback.admit("hls", dvr=True)
        found = await self._archive.index.read(Index.block, number)
        if found is None or found[1] != playback.name:
            raise Fault(404)
        entries = found[0].entries[first : first + count]
        if not count or len(entries) != count:
            raise Fault(404)
        _seen(decision, entries[0].start / 1000, entries[-1].end / 1000)
        size = entries[-1].offset + entries[-1].size - entries[0].offset
        return playback.media(await _present(self._archived(found[0], entries[0].offset, size)))

    async def _archived(self, block: Block, offset: int, size: int) -> bytes:
        return await asyncio.to_thread(read_place, Place(self._archive.file(block), offset, size))

    async def archive_file(self, playback: Playback) -> Response:
        start, end = playback.window()
        decision = await playback.admit("mp4", dvr=True, part=f"from={start:.0f}&duration={end - start:.0f}")
        self._exports.check_length(start, end)
        cut = await self._past.cut(playback.stream.wanted, _seen(decision, start, end), playback.token)
        wanted = (start, min(end, clock.timestamp()))
        export = await self._exports.find(playback.name, cut, wanted, playback.token)
        if playback.request.query_params.get("prepare") == "true":
            await self._exports.wait(export, PREPARE_WAIT)
            return JSONResponse(export.as_json(), 200 if export.is_ready else 202, headers=NO_STORE)
        if not await self._exports.wait(export, DOWNLOAD_WAIT):
            raise Fault(409, "not_ready", "The file is still being made; try again.")
        return self._file(playback, export)

    def _file(self, playback: Playback, export: Export) -> Response:
        first, last, status = playback.byte_range(export.bytes)
        name = re.sub(r"[^A-Za-z0-9_-]", "-", playback.name.partition("~")[0])
        headers = NO_STORE | {
            "Content-Length": str(last - first + 1),
            "Accept-Ranges": "bytes",
            "Content-Disposition": f'attachment; filename="{name}-{int(export.started_at)}.mp4"',
        }
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{last}/{export.bytes}"
        body = playback.guarded(export, first, last) if playback.request.method == "GET" else _nothing()
        return StreamingResponse(body, status, headers=headers, media_type=MP4)

    # -- facts and pictures

    async def recording_status(self, playback: Playback) -> Response:
        query = playback.request.query_params
        start, end = _seconds(query.get("from"), 0.0), _seconds(query.get("to"), clock.timestamp() + 1)
        decision = await playback.admit("api", dvr=True)  # asking what there is, is not watching it
        said = await self._past.status(playback.stream.wanted, decision.clip(start, end), playback.token)
        return JSONResponse([said], headers=NO_STORE)

    async def media_info(self, playback: Playback) -> Response:
        await playback.admit("hls")
        return JSONResponse({"tracks": playback.stream.tracks()}, headers=NO_STORE)

    async def live_picture(self, playback: Playback) -> Response:
        await playback.admit("jpeg")
        picture = await self._pictures.live(playback.stream)
        if picture is None:
            raise Fault(404, "no_picture", "There is no picture yet.")
        return playback.media(
            picture.data, JPEG, {"Cache-Control": "private, max-age=5", "X-Time": f"{picture.at:.3f}"}
        )

    async def archive_picture(self, playback: Playback) -> Response:
        at = float(playback.parts[0])
        decision = await playback.admit("jpeg", dvr=True)
        _seen(decision, at, at + 1)
        picture = await self._past.picture(playback.stream.wanted, at, playback.token)
        if picture is None:
            raise Fault(404, "nothing_recorded", "Nothing was recorded at this moment.")
        return playback.media(picture, JPEG, {"Cache-Control": "private, max-age=3600"})


class Playback:
    """One request of a viewer to one stream."""

    def __init__(self, request: Request, stream: Stream, parts: tuple[Any, ...], sessions: Sessions) -> None:
        self.request, self.stream, self.parts, self._sessions = request, stream, parts, sessions
        self.name = stream.wanted.name
        self.token = request.query_params.get("token", "")[:2000]
        self._visit: Visit | None = None

    async def admit(self, proto: str, *, dvr: bool = False, part: str = "") -> Decision:
        """Ask for the right to this; raises Refused or Undecided."""
        request = self.request
        others = urlencode([(key, value) for key, value in request.query_params.multi_items() if key != "token"])
        self._visit = Visit(
            name=self.name,
            proto=proto,
            token=self.token,
            ip=request.client.host if request.client else "",
            host=request.headers.get("host", ""),
            user_agent=request.headers.get("user-agent", ""),
            query=others,
            dvr=dvr,
            part=part,
        )
        return await self._sessions.admit(self._visit)

    def window(self) -> tuple[float, float]:
        """The (from, to) of an archive address, in UTC seconds."""
        start = float(self.parts[0])
        end = 9e9 if self.parts[1] == "now" else start + float(self.parts[1])
        if end <= start:
            raise Fault(400, "empty_window", "The window is empty.")
        return start, min(end, max(start + 1, clock.timestamp() + 1)) if self.parts[1] == "now" else end

    def media(self, data: bytes, kind: str = MP4, headers: dict[str, str] = BRIEFLY) -> Response:
        self.count(len(data))
        return Response(data, media_type=kind, headers=headers)

    def count(self, size: int) -> None:
        """Bytes go to this viewer."""
        self.stream.bytes_out += size
        if self._visit:
            self._sessions.sent(self._visit, size)

    def byte_range(self, size: int) -> tuple[int, int, int]:
        """(first, last, status) of a Range header with one range."""
        found = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", self.request.headers.get("range", "").strip())
        if not found or not (found[1] or found[2]):
            return 0, size - 1, 200
        first = int(found[1]) if found[1] else max(0, size - int(found[2]))
        last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
        if first > last or first >= size:
            raise Fault(416)
        return first, last, 206

    async def guarded(self, export: Export, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes of a file; the right is looked at again before every piece, and its loss cuts the connection."""
        with export.path.open("rb") as file:
            file.seek(first)
            left = last - first + 1
            while left > 0:
                if self._visit:
                    await self._sessions.admit(self._visit)
                data = await asyncio.to_thread(file.read, min(PIECE, left))
                if not data:
                    raise EOFError("the file ended early")
                left -= len(data)
                self.count(len(data))
                export.used_at = clock.monotonic()
                yield data


def _seen(decision: Decision, start: float, end: float) -> list[tuple[float, float]]:
    """The parts of a window that may be seen. Where there is none, the code tells a player what to say."""
    parts = decision.clip(start, end)
    if not parts and decision.ranges:
        raise Fault(403, "outside_archive", "This time is outside of the archive that you may watch.")
    if not parts:
        raise Fault(403, "archive_forbidden", "You may watch this live only.")
    return parts


def _text(playlist: str) -> Response:
    return Response(playlist, media_type=PLAYLIST, headers=NO_STORE)


async def _present(reading: Awaitable[bytes]) -> bytes:
    """The bytes of a file that clean-up may just have taken, or that lies on a disk that has just gone."""
    try:
        return await reading
    except OSError:
        raise Fault(404) from None


async def _nothing() -> AsyncIterator[bytes]:
    for data in list[bytes]():
        yield data


def _variants(stream: Stream) -> list[Variant]:
    found = []
    for rendition, recorder in stream.recorders.items():
        init = recorder.health.init
        video = init.video if init else None
        if recorder.live.latest and init and video:
            found.append(Variant(rendition, recorder.health.kilobits, video.width, video.height, init.codecs))
    return found


def _seconds(text: str | None, default: float) -> float:
    if not text:
        return default
    if not re.fullmatch(r"\d{1,11}", text):
        raise Fault(400)
    return float(text)


def make_app(door: Door, is_ready: Callable[[], bool], silence: Callable[[], float]) -> Starlette:
    """The ASGI application of the streamer."""

    async def liveness(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=NO_STORE)

    async def readiness(_: Request) -> Response:
        ready = is_ready()
        return JSONResponse({"status": "ok" if ready else "starting"}, 200 if ready else 503, headers=NO_STORE)

    async def perch(_: Request) -> Response:
        """How long Perch has been silent, for other streamers that do not hear it (devices.streamer.lease)."""
        return JSONResponse({"silence": round(silence(), 1)}, headers=NO_STORE)

    monitoring = "/streamer/api/v3/monitoring"
    return Starlette(
        routes=[
            Route(f"{monitoring}/liveness", liveness),
            Route(f"{monitoring}/readiness", readiness),
            Route(f"{monitoring}/perch", perch),
            Route("/{path:path}", door.answer, methods=["GET", "HEAD", "OPTIONS"]),
        ]
    )
