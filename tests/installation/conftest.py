"""The installation's own address, and who runs it: Greta."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from tenants.models import SuperAdministrator
from tenants.services import super_administrators
from tests.cast import Cast

HOST = "admin.localhost"
PASSWORD = "a long phrase of greta"


@dataclass
class Installation:
    """Greta, and browsers at her address."""

    greta: SuperAdministrator
    cast: Cast

    def client(self, *, signed_in: bool = True, ip: str = "203.0.113.7") -> Client:
        """A browser at the installation's address."""
        client = Client(HTTP_HOST=HOST, REMOTE_ADDR=ip)
        if signed_in:
            assert client.post("/login", {"login": "greta", "password": PASSWORD}).status_code == 302
        return client


@pytest.fixture
def installation(cast: Cast) -> Installation:
    """The cast, and Greta above it."""
    return Installation(super_administrators.set_password("greta", PASSWORD), cast)
