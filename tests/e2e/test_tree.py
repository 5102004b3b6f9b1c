"""The tree of folders in Chromium: dragged by the handle with a mouse and with a finger, and moved by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from devices.models import Camera
from tenants.models import Folder
from tenants.scoping import domain_scope
from tenants.services import folders
from tests.cast import Cast
from tests.server import Server, sign_in
from tests.stories.browser import chromium

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    """Chromium. Its driver runs a loop in this thread, which Django takes for an asynchronous caller."""
    with pytest.MonkeyPatch.context() as patched, chromium() as running:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield running


@pytest.fixture
def tree(window: Browser, server: Server, live_cast: Cast) -> Iterator[Page]:
    """Alice at the tree of her Harbour, with a Crane beside the Yard; nothing may complain."""
    with domain_scope(live_cast.north):
        folders.add_folder(live_cast.harbour, acting_user=None, title="Crane", parent=folders.root(live_cast.harbour))
    url = f"http://north.localhost:{server.port}"
    context = window.new_context(viewport={"width": 1280, "height": 900}, has_touch=True)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": sign_in(live_cast.alice), "url": url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{url}/organizations/{live_cast.harbour.pk}/folders/")
    yield page
    context.close()
    assert [text for text in complaints if "409" not in text] == []


def row(page: Page, title: str) -> str:
    return f".tree-row:has(.tree-title:text-is('{title}'))"


def centre(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, title: str, onto: str) -> None:
    page.mouse.move(*centre(page, f"{row(page, title)} [data-handle]"))
    page.mouse.down()
    x, y = centre(page, row(page, onto))
    page.mouse.move(x, y - 3, steps=4)
    page.mouse.move(x, y)
    expect(page.locator(row(page, onto))).to_have_attribute("data-drop", "inside")
    page.mouse.up()


def parent_of(cast: Cast, title: str) -> str:
    with domain_scope(cast.north):
        above = Folder.objects.get(organization=cast.harbour, title=title).parent
        return above.title if above else ""


def test_a_folder_and_a_camera_are_dragged_by_their_handles(tree: Page, live_cast: Cast) -> None:
    drag(tree, "Crane", "Yard")
    expect(tree.locator(f"{row(tree, 'Crane')}.depth-2")).to_be_visible()
    assert parent_of(live_cast, "Crane") == "Yard"
    drag(tree, "Office", "Crane")
    expect(tree.locator("[id^=cameras-].depth-2 [data-camera=office]")).to_be_visible()
    with domain_scope(live_cast.north):
        assert Camera.objects.get(name="office").folder.title == "Crane"


def test_escape_and_a_drop_beside_the_tree_move_nothing(tree: Page, live_cast: Cast) -> None:
    tree.mouse.move(*centre(tree, f"{row(tree, 'Crane')} [data-handle]"))
    tree.mouse.down()
    tree.mouse.move(*centre(tree, row(tree, "Yard")), steps=4)
    tree.keyboard.press("Escape")
    expect(tree.locator(".tree-ghost")).to_have_count(0)
    tree.mouse.up()
    tree.mouse.move(*centre(tree, f"{row(tree, 'Crane')} [data-handle]"))
    tree.mouse.down()
    tree.mouse.move(5, 5, steps=4)
    tree.mouse.up()
    tree.reload()
    assert parent_of(live_cast, "Crane") == "Cameras"


def test_a_finger_drags_too(tree: Page, live_cast: Cast) -> None:
    begin, end = centre(tree, f"{row(tree, 'Crane')} [data-handle]"), centre(tree, row(tree, "Yard"))
    touch = tree.context.new_cdp_session(tree)

    def send(kind: str, *points: tuple[float, float]) -> None:
        where = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})

    send("touchStart", begin)
    for step in range(1, 6):
        share = step / 5
        send("touchMove", (begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share))
    send("touchEnd")
    expect(tree.locator(f"{row(tree, 'Crane')}.depth-2")).to_be_visible()
    assert parent_of(live_cast, "Crane") == "Yard"


def test_the_menu_does_the_same_by_keyboard(tree: Page, live_cast: Cast) -> None:
    tree.locator(f"{row(tree, 'Crane')} [data-bs-toggle=dropdown]").focus()
    tree.keyboard.press("Enter")
    item = tree.locator(f"{row(tree, 'Crane')} .dropdown-item >> nth=0")
    item.focus()
    tree.keyboard.press("Enter")
    dialog = tree.locator("dialog[open]")
    dialog.locator("[name=target]").select_option(label="\u2003Yard")
    dialog.locator("button[type=submit]").press("Enter")
    expect(tree.locator(f"{row(tree, 'Crane')}.depth-2")).to_be_visible()
    assert parent_of(live_cast, "Crane") == "Yard"


def test_a_refusal_is_shown_with_the_tree_as_it_is(tree: Page, live_cast: Cast) -> None:
    with domain_scope(live_cast.north):
        yard = Folder.objects.get(pk=live_cast.yard.pk)
        below = folders.add_folder(live_cast.harbour, acting_user=None, title="Below", parent=yard)
    tree.reload()
    with domain_scope(live_cast.north):  # meanwhile somebody else puts the Yard below the Crane
        crane = Folder.objects.get(title="Crane")
        folders.change_folder(yard, acting_user=None, parent=crane)
    drag(tree, "Crane", "Below")
    expect(tree.locator("#tree [role=alert]")).to_contain_text("cannot be moved into itself")
    assert parent_of(live_cast, "Crane") == "Cameras"
    assert below.pk
