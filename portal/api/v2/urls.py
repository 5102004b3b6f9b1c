"""The Watcher v2 dialect (manual 4.8.6, 6.1)."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
