from tests.hooks.asking import streamer

__all__ = ["streamer"]
