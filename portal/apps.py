"""The app that knows HTTP."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"
