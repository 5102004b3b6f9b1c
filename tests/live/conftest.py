from tests.hooks.asking import streamer
from tests.live.browsers import open_page

__all__ = ["open_page", "streamer"]
