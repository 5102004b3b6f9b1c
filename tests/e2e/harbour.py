"""Where the player's stories happen: an installation with one recorded camera, and people in front of the player."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
from playwright.sync_api import Browser, Page

from portal.embedded.database import EMBEDDED_NAME
from tests.embedded.running import free_port, perch, sockets
from tests.eventually import eventually
from tests.stories.browser import FRAME

KEY = "north-system-key-of-the-player"
PASSWORD = "correct horse battery"
ZONE = ZoneInfo("America/New_York")


@dataclass
class Harbour:
    """An installation with one organization, its owner Alice, her guest Bob, and her recorded camera."""

    port: int
    sockets: Path
    ids: dict[str, int] = field(default_factory=dict)
    camera: str = ""

    def api(self, method: str, path: str, **sent: Any) -> Any:
        address = f"http://127.0.0.1:{self.port}/vsaas/api/v2/{path}"
        headers = {"Host": f"north.localhost:{self.port}", "x-vsaas-api-key": KEY}
        answer = httpx.request(method, address, headers=headers, json=sent or None, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def furnish(self, **camera: Any) -> None:
        for login in ("alice", "bob"):
            self.ids[login] = self.api("POST", "users", login=login, password=PASSWORD)["id"]
        organization = self.api("POST", "organizations", title="Harbour", owner_id=self.ids["alice"])["id"]
        preset = self.api("POST", "presets", title="Week", dvr_depth=7, is_everywhere=True)["id"]
        about = {"title": "Quay", "organization_id": organization, "preset_id": preset} | camera
        made = self.api("POST", "cameras", **about)
        self.camera = made["name"]
        self.ids |= {"organization": organization, "folder": made["folder_id"]}
        self.api("POST", f"organizations/{organization}/users", user_id=self.ids["bob"])
        self.api("POST", self.guests, user_id=self.ids["bob"], can_view_dvr=True)

    def grant(self, login: str, **rights: Any) -> None:
        self.api("PUT", f"{self.guests}/{self.ids[login]}", **rights)

    @contextmanager
    def aged(self, days: int) -> Iterator[None]:
        """The camera, as if it had been there for so many days more."""
        move = "UPDATE devices_camera SET created_at = created_at - make_interval(days => %s)"
        with psycopg.connect(host=str(self.sockets / "pg"), dbname=EMBEDDED_NAME, user="postgres") as database:
            database.execute(move, [days])
            database.commit()
            yield
            database.execute(move, [-days])

    @property
    def guests(self) -> str:
        return f"organizations/{self.ids['organization']}/folders/{self.ids['folder']}/users"

    def media(self, path: str) -> httpx.Response:
        """What the streamer answers to somebody who may see everything of the camera."""
        shown = self.api("GET", f"cameras/{self.camera}")
        base = f"http://127.0.0.1:{shown['stream_status']['http_port']}/{self.camera}"
        headers = {"Host": f"north.localhost:{self.port}"}
        token = shown["playback_config"]["token"]
        return httpx.get(f"{base}/{path}?token={token}", headers=headers, timeout=20)

    def renditions(self) -> int:
        """How many there are to choose from in the live picture."""
        return self.media("index.m3u8").text.count("#EXT-X-STREAM-INF")

    def recorded(self) -> tuple[int, int]:
        """(from, to) of the first recording, in Unix seconds; zeros while there is none."""
        answer = self.media("recording_status.json")
        ranges = answer.json()[0]["ranges"] if answer.status_code == 200 else []
        return (ranges[0]["from"], ranges[0]["from"] + ranges[0]["duration"]) if ranges else (0, 0)

    def recorded_for(self, seconds: int) -> tuple[int, int]:
        """The first recording, once it is so long."""

        def found() -> tuple[int, ...]:
            first, last = self.recorded()
            return (first, last) if last - first >= seconds else ()

        first, last = eventually(found, seconds=90)
        return first, last


@contextmanager
def opened(folder: Path, *, networks: str = "", **camera: Any) -> Iterator[Harbour]:
    """An installation that is gone afterwards. `networks` are those its cameras may be in."""
    port = free_port()
    settings = {"PORT": str(port), "PERCH_DEMO": "0", "PERCH_ADMIN_LOGIN": "nora", "PERCH_ADMIN_PASSWORD": PASSWORD,
                "PERCH_API_KEY": KEY, "PERCH_HOSTS": "north.localhost,127.0.0.1", "PERCH_CAMERA_NETWORKS": networks,
                "PERCH_TIMEZONE": str(ZONE)}  # fmt: skip
    with perch(folder, "portal.embedded", **settings) as running:
        running.wait_line(f"Perch is ready at http://127.0.0.1:{port}")
        here = Harbour(port, sockets(folder))
        here.furnish(**camera)
        yield here


@dataclass
class Viewer:
    """Somebody in front of the player."""

    page: Page
    harbour: Harbour
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, harbour: Harbour, login: str, *, phone: bool = False) -> Viewer:
        look: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
        if phone:
            look = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
        page = browser.new_context(locale="en-US", timezone_id="Europe/Berlin", **look).new_page()
        viewer = cls(page, harbour)
        page.on("pageerror", lambda error: viewer.complaints.append(str(error)))
        page.goto(f"{viewer.portal}/login")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda address: "/login" not in address)
        return viewer

    @property
    def portal(self) -> str:
        return f"http://north.localhost:{self.harbour.port}"

    def open(self, query: str = "") -> Viewer:
        self.page.goto(f"{self.portal}/cameras/watch/{self.harbour.camera}{query}")
        return self

    def sees(self, state: str, *, live: bool, seconds: float = 20) -> None:
        wanted = f'[data-player][data-state="{state}"]{".is-live" if live else ":not(.is-live)"}'
        self.page.wait_for_selector(wanted, timeout=seconds * 1000)

    def frame(self) -> str:
        picture: str = self.page.evaluate(FRAME)
        return picture

    def sees_motion(self) -> None:
        first = eventually(self.frame)
        eventually(lambda: self.frame() not in ("", first))

    def moment(self) -> int:
        """The moment in the address, in Unix seconds; 0 when it is live."""
        return int(self.query("at") or 0)

    def query(self, name: str) -> str:
        """A part of the address as it is now: the player writes it without navigating."""
        found: str = self.page.evaluate("name => new URLSearchParams(location.search).get(name) || ''", name)
        return found

    def goes_on(self, recorded: tuple[int, int]) -> None:
        """To the first recording there is."""
        self.page.get_by_role("button", name="Next recording").click()
        self.sees("playing", live=False)
        assert recorded[0] - 2 <= self.moment() <= recorded[0] + 10

    def clock(self) -> str:
        return self.page.locator("[data-clock]").inner_text()

    def timeline(self, share: float) -> tuple[float, float]:
        """A point on the timeline's track, `share` of its width from the left."""
        box = self.page.locator("[data-timeline]").bounding_box()
        assert box
        return box["x"] + box["width"] * share, box["y"] + box["height"] * 0.6

    def span(self) -> float:
        return float(self.query("span") or 3600)
