"""Passkeys in real Chromium, with the browser's own virtual authenticator: made, shown, and refused where they must."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tenants.models import Passkey, User, UserSession
from tenants.scoping import domain_scope
from tests.cast import PASSWORD, Cast
from tests.server import Server, live_cast, server, web_process
from tests.stories.browser import chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

__all__ = ["live_cast", "server", "web_process"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, chromium() as started:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield started


class Owner:
    """Somebody with a browser and a device in it that keeps passkeys."""

    def __init__(self, browser: Browser, url: str, *, verifies: bool = True) -> None:
        self.url = url
        self.page: Page = browser.new_context(locale="en-GB").new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.device: CDPSession = self.page.context.new_cdp_session(self.page)
        self.device.send("WebAuthn.enable")
        made = self.device.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": verifies,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        self.authenticator = made["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        """The passkeys in the device."""
        found: list[dict[str, Any]] = self.device.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.authenticator}
        )["credentials"]
        return found

    def verify(self, verified: bool) -> None:
        """Whether the device's owner shows his finger."""
        self.device.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": verified}
        )

    def take_over(self, key: dict[str, Any]) -> None:
        """Put a copy of a passkey into this device."""
        self.device.send("WebAuthn.addCredential", {"authenticatorId": self.authenticator, "credential": key})

    def type_password(self, login: str) -> None:
        self.page.goto(f"{self.url}/login")
        self.page.get_by_label("Login").fill(login)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def add_passkey(self, title: str) -> None:
        self.page.goto(f"{self.url}/profile/security/")
        self.page.get_by_label("Name of the passkey").fill(title)
        self.page.get_by_role("button", name="Add a passkey").click()
        expect(self.page.get_by_text(title, exact=True)).to_be_visible()

    def sign_out(self) -> None:
        self.page.context.clear_cookies()

    def show_passkey(self) -> None:
        self.page.goto(f"{self.url}/login")
        self.page.get_by_role("button", name="Sign in with a passkey").click()


def _north(server: Server) -> str:
    return f"http://north.localhost:{server.port}"


def _sessions(cast: Cast, user: User) -> int:
    with domain_scope(cast.north):
        return UserSession.objects.filter(user=user).count()


def test_a_passkey_is_made_and_opens_by_itself(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = Owner(browser, _north(server))
    alice.type_password(live_cast.alice.login)
    alice.page.wait_for_url("**/cameras/")
    alice.add_passkey("My telephone")
    assert len(alice.keys()) == 1
    alice.sign_out()
    alice.show_passkey()
    alice.page.wait_for_url("**/cameras/")
    with domain_scope(live_cast.north):
        row = Passkey.objects.get(user=live_cast.alice)
    assert (row.title, row.host) == ("My telephone", "north.localhost")
    assert row.last_used_at is not None
    assert row.sign_count == alice.keys()[0]["signCount"] > 0
    assert alice.complaints == []


def test_a_passkey_is_the_second_factor_of_a_password(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = Owner(browser, _north(server))
    alice.type_password(live_cast.alice.login)
    alice.page.wait_for_url("**/cameras/")
    alice.add_passkey("Key ring")
    alice.sign_out()
    before = _sessions(live_cast, live_cast.alice)
    alice.type_password(live_cast.alice.login)
    alice.page.wait_for_url("**/login/second-factor")
    assert _sessions(live_cast, live_cast.alice) == before
    alice.page.goto(f"{alice.url}/cameras/")
    assert "/login" in alice.page.url
    alice.page.goto(f"{alice.url}/login/second-factor")
    alice.page.get_by_role("button", name="Use a passkey").click()
    alice.page.wait_for_url("**/cameras/")


def test_by_itself_a_passkey_needs_its_owner_s_finger(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = Owner(browser, _north(server))
    alice.type_password(live_cast.alice.login)
    alice.page.wait_for_url("**/cameras/")
    alice.add_passkey("Found on a bench")
    alice.sign_out()
    alice.verify(False)
    alice.show_passkey()
    expect(alice.page.locator("[data-passkey] [role=alert]")).to_be_visible()
    assert "/login" in alice.page.url


def test_a_copied_device_is_noticed_by_its_counter(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice, thief = Owner(browser, _north(server)), Owner(browser, _north(server))
    alice.type_password(live_cast.alice.login)
    alice.page.wait_for_url("**/cameras/")
    alice.add_passkey("Copied")
    thief.take_over(alice.keys()[0])
    for _ in range(3):
        alice.sign_out()
        alice.show_passkey()
        alice.page.wait_for_url("**/cameras/")
    thief.show_passkey()
    expect(thief.page.locator("[data-passkey] [role=alert]")).to_contain_text("cannot be accepted")
    assert "/login" in thief.page.url


def test_a_removed_passkey_opens_nothing(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = Owner(browser, _north(server))
    alice.type_password(live_cast.alice.login)
    alice.page.wait_for_url("**/cameras/")
    alice.add_passkey("Lost")
    alice.page.get_by_role("link", name="Remove").click()
    alice.page.get_by_role("button", name="Remove").click()
    alice.page.wait_for_url("**/profile/security/")
    alice.sign_out()
    alice.show_passkey()
    expect(alice.page.locator("[data-passkey] [role=alert]")).to_contain_text("not known here")


def test_an_administrator_who_must_sets_a_passkey_up_and_is_in(
    browser: Browser, server: Server, live_cast: Cast
) -> None:
    live_cast.north.requires_admin_factor = True
    live_cast.north.save()
    nora = Owner(browser, _north(server))
    nora.type_password(live_cast.nora.login)
    nora.page.wait_for_url("**/profile/security/codes")
    nora.page.get_by_label("Name of the passkey").fill("Office key")
    nora.page.get_by_role("button", name="Add a passkey").click()
    nora.page.wait_for_url("**/profile/security/")
    expect(nora.page.get_by_text("Office key")).to_be_visible()
    expect(nora.page.get_by_text("You have none. Make some")).to_be_visible()
