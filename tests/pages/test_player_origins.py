"""Where the player's page may load video from."""

from __future__ import annotations

from devices.models import Camera
from devices.services import placements, streamers
from tenants.scoping import domain_scope
from tests.cast import Cast


def test_the_player_may_load_from_where_the_camera_was(cast: Cast) -> None:
    """Old recordings lie there (item 92); the list of cameras, which plays no archive, may not."""
    with domain_scope(cast.north):
        old, _key = streamers.add_streamer(hostname="s-old", port=8009, public_url="https://old.example.org")
        for row in (old, cast.streamer):
            Camera.objects.filter(pk=cast.gate.pk).update(streamer=row)
            placements.settle([cast.gate.pk])
    alice = cast.client(cast.alice)
    assert "https://old.example.org" in alice.get("/cameras/watch/gate").headers["Content-Security-Policy"]
    assert "https://old.example.org" not in alice.get("/cameras/").headers["Content-Security-Policy"]
    assert "https://old.example.org" not in alice.get("/cameras/watch/office").headers["Content-Security-Policy"]
