"""Pages in a real browser: hostile texts stay texts, the policy is never broken, phones and keyboards work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from devices.services import cameras, presets
from tenants.scoping import domain_scope
from tenants.services import folders, organizations
from tests.cast import PASSWORD, Cast
from tests.server import Server, live_cast, server, web_process
from tests.stories.browser import chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVIL = [
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "<a href=//evil.test>x",
]
PAGES = ["/cameras/", "/cameras/?view=list", "/cameras/new", "/cameras/watch/evil", "/cameras/edit/evil",
         "/organizations/", "/organizations/{org}/", "/organizations/{org}/users/", "/organizations/{org}/folders/",
         "/organizations/{org}/plans", "/organizations/{org}/money", "/users/", "/presets/", "/plans/", "/usage/",
         "/invoices/", "/settings/", "/audit/", "/profile/", "/profile/security/", "/profile/security/codes",
         "/access-log/", "/settings/sign-in", "/settings/sign-in/providers/new",
         "/settings/mail", "/settings/mail/texts/invitation", "/settings/external", "/organizations/{org}/invite",
         "/vsaas/forgot-password"]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright keeps an event loop in this thread; the ORM between two steps of a story is no danger to it."""
    with pytest.MonkeyPatch.context() as patch, chromium() as started:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield started


class Visitor:
    """Somebody in a browser; what went wrong in his pages is in `complaints`."""

    def __init__(self, context: BrowserContext, server: Server) -> None:
        self.url = f"http://north.localhost:{server.port}"
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("dialog", self._dialog)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._console)

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: Any) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def sign_in(self, login: str) -> None:
        self.page.goto(f"{self.url}/login")
        self.page.get_by_label("Login").fill(login)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url("**/cameras/")

    def go(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")


def visit(browser: Browser, server: Server, **context: Any) -> Visitor:
    return Visitor(browser.new_context(locale="en-GB", **context), server)


def plant(cast: Cast) -> None:
    """Hostile texts in every title that people can type."""
    with domain_scope(cast.north):
        organizations.change_organization(cast.harbour, acting_user=None, title=EVIL[0])
        folder = folders.add_folder(cast.harbour, acting_user=None, title=EVIL[1], parent=folders.root(cast.harbour))
        for number, text in enumerate(EVIL):
            name = "evil" if number == 0 else f"evil-{number}"
            cameras.add_camera(
                cast.harbour, acting_user=None, title=text, name=name, folder=folder, stream_url="fake://clock",
                comment=text, postal_address=text,
            )  # fmt: skip


def test_hostile_texts_stay_texts_and_the_policy_is_never_broken(
    browser: Browser, server: Server, live_cast: Cast
) -> None:
    plant(live_cast)
    nora = visit(browser, server)
    nora.sign_in(live_cast.nora.login)
    for path in PAGES:
        nora.go(path.format(org=live_cast.harbour.pk))
        nora.page.wait_for_timeout(200)
        assert nora.complaints == [], path
    nora.go("/cameras/")
    expect(nora.page.get_by_role("link", name=EVIL[0], exact=True)).to_be_visible()


def test_deleting_asks_in_a_dialog_that_escape_leaves(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = visit(browser, server)
    alice.sign_in(live_cast.alice.login)
    alice.go("/cameras/edit/gate")
    delete = alice.page.get_by_role("link", name="Delete")
    delete.click()
    dialog = alice.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete Gate?")
    alice.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    delete.click()
    dialog.get_by_role("button", name="Delete").click()
    alice.page.wait_for_url("**/cameras/")
    expect(alice.page.get_by_role("status").first).to_contain_text("Gate is deleted.")
    expect(alice.page.get_by_role("link", name="Gate", exact=True)).to_have_count(0)
    assert alice.complaints == []


def test_a_locked_preset_disables_what_it_rules_at_once(browser: Browser, server: Server, live_cast: Cast) -> None:
    with domain_scope(live_cast.north):
        presets.add_preset(acting_user=None, title="Live only", dvr_depth=0, is_everywhere=True)
    alice = visit(browser, server)
    alice.sign_in(live_cast.alice.login)
    alice.go("/cameras/edit/gate")
    depth = alice.page.get_by_label("Archive, days")
    expect(depth).to_be_disabled()
    expect(depth).to_have_value("7")
    alice.page.get_by_label("Preset").select_option(label="Live only")
    expect(depth).to_have_value("0")
    warning = alice.page.get_by_text("nothing is recorded while nobody watches")
    expect(warning).to_be_hidden()
    alice.page.get_by_label("Only on demand").check()
    expect(warning).to_be_visible()


def test_a_star_is_kept_without_a_reload(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = visit(browser, server)
    alice.sign_in(live_cast.alice.login)
    star = alice.page.locator('[data-camera="gate"]').get_by_role("button", name="Favourite")
    expect(star).to_have_attribute("aria-pressed", "false")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    alice.go("/cameras/?status=favorite")
    expect(alice.page.locator("[data-camera]")).to_have_count(1)


def test_the_theme_is_switched_at_once_and_remembered(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = visit(browser, server, color_scheme="light")
    alice.sign_in(live_cast.alice.login)
    root = alice.page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")
    alice.page.get_by_role("button", name="Dark").first.click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    alice.page.reload()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    alice.page.get_by_role("button", name="As the device").first.click()
    expect(root).to_have_attribute("data-bs-theme", "light")


def test_a_phone_has_the_menu_behind_a_button_and_nothing_overflows(
    browser: Browser, server: Server, live_cast: Cast
) -> None:
    phone = visit(browser, server, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone.sign_in(live_cast.nora.login)
    phone.page.get_by_role("button", name="Menu").tap()
    phone.page.get_by_role("link", name="Organizations").tap()
    phone.page.wait_for_url("**/organizations/")
    for path in PAGES:
        phone.go(path.format(org=live_cast.harbour.pk).replace("evil", "gate"))
        width = phone.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path


def test_the_keyboard_alone_finds_and_opens_a_camera(browser: Browser, server: Server, live_cast: Cast) -> None:
    alice = visit(browser, server)
    alice.sign_in(live_cast.alice.login)
    alice.page.keyboard.press("/")
    alice.page.keyboard.type("gate")
    alice.page.keyboard.press("Enter")
    alice.page.wait_for_url("**/cameras/?q=gate")
    link = alice.page.get_by_role("link", name="Gate", exact=True)
    link.focus()
    alice.page.keyboard.press("Enter")
    alice.page.wait_for_url("**/cameras/watch/gate")


__all__ = ["live_cast", "server", "web_process"]
