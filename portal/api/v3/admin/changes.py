"""What was changed at the ISP, in the order of commits (item 314): the same feed as v2's, instants in ms.

Ask with `since` set to the `cursor` of the answer before. Each change comes once, and none is ever put in front of a
cursor that was given out.
"""

from __future__ import annotations

from typing import Any, TypedDict

from django.urls import URLPattern, path
from rest_framework.response import Response

from portal.api import feed
from portal.api.feed import ChangeShape
from portal.api.v3.schema import answers
from portal.api.v3.views import AdminView, Asked, utc_ms


class FeedShape(TypedDict):
    """Changes, oldest first. Go on at `cursor`: at once while `has_more`, else in a while."""

    changes: list[ChangeShape]
    cursor: str
    has_more: bool


class ChangesView(AdminView):
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
        page = feed.read(request.query_params.get("since", ""), request.query_params.get("limit", ""))
        rows: list[Any] = [
            {**feed.change_shape(change), "created_at": utc_ms(change.entry.created_at)} for change in page.changes
        ]
        return Response({"changes": rows, "cursor": str(page.cursor), "has_more": page.more})


urlpatterns: list[URLPattern] = [path("changes", ChangesView.as_view())]
