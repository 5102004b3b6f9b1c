"""What was changed at this ISP, in the order of commits, for a CRM that follows (item 314).

    GET changes                 from the very beginning
    GET changes?since=now       nothing, and where the feed stands
    GET changes?since=1234      what came behind the cursor 1234; again and again with the `cursor` of each answer

Each change stands in the feed once, and nothing is ever put in front of a cursor that was given out.
"""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework.response import Response

from portal.api import feed
from portal.api.feed import ChangeShape
from portal.api.schema import answers
from portal.api.v2.views import Asked, V2View, wanted
from tenants import access


class FeedShape(TypedDict):
    """Changes, oldest first. Ask again with `since` set to `cursor`; at once while `has_more`, else in a while."""

    changes: list[ChangeShape]
    cursor: str
    has_more: bool


class ChangesView(V2View):
    """`/changes`."""

    noun = "changes"

    @answers(
        FeedShape,
        query={
            "since": "the cursor of the answer before; absent: from the beginning; `now`: only where the feed stands",
            "limit": "at most this many, up to 500",
        },
        says="What was changed since a cursor",
        name="changes_list",
    )
    def get(self, request: Asked) -> Response:
        access.require_admin(request.user)
        page = feed.read(wanted(request, "since"), wanted(request, "limit"))
        body: Any = {
            "changes": [feed.change_shape(change) for change in page.changes],
            "cursor": str(page.cursor),
            "has_more": page.more,
        }
        return Response(body)
