"""What is no answer of a device, sent to the addresses that wait for one."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from webauthn.helpers import encode_cbor

from tenants import clock
from tenants.models import Passkey
from tenants.scoping import domain_scope
from tests.cast import NORTH, Cast
from tests.sign_in.people import is_in


def letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def key_of(private: ec.EllipticCurvePrivateKey) -> bytes:
    """A public key as devices write it (COSE, ES256)."""
    point = private.public_key().public_numbers()
    return encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})


class Device:
    """A device in code, honest unless told otherwise."""

    def __init__(self, cast: Cast) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = letters(b"device-1")
        self.count = 5
        with domain_scope(cast.north):
            Passkey(
                domain_id=cast.north.pk, user=cast.alice, title="Device", credential=self.id,
                public_key=key_of(self.private), sign_count=5, host=NORTH, created_at=clock.now(),
            ).save()  # fmt: skip

    def answer(self, challenge: str, *, origin: str = f"http://{NORTH}", rp: str = NORTH, flags: int = 0x05,
               kind: str = "webauthn.get", count: int | None = None) -> dict[str, Any]:  # fmt: skip
        self.count = self.count + 1 if count is None else count
        client_data = json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()
        data = hashlib.sha256(rp.encode()).digest() + struct.pack(">BI", flags, self.count)
        signature = self.private.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": letters(client_data), "authenticatorData": letters(data), "signature": letters(signature),
        }  # fmt: skip
        return {"id": self.id, "rawId": self.id, "type": "public-key", "response": response}


def challenge_of(client: Client) -> str:
    options = client.post("/login/passkey/options")
    assert options.status_code == 200
    assert options.json()["rpId"] == NORTH
    return str(options.json()["challenge"])


def show(client: Client, credential: Any) -> int:
    return client.post("/login/passkey", {"credential": credential}, "application/json").status_code


def test_an_honest_device_opens(cast: Cast) -> None:
    device, client = Device(cast), cast.client()
    assert show(client, device.answer(challenge_of(client))) == 200
    assert is_in(client)


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "http://evil.test"},
        {"origin": "https://north.localhost"},
        {"rp": "south.localhost"},
        {"flags": 0x01},
        {"flags": 0x00},
        {"kind": "webauthn.create"},
        {"count": 5},
        {"count": 1},
    ],
    ids=str,
)
def test_an_answer_for_elsewhere_or_without_its_owner_opens_nothing(cast: Cast, lie: dict[str, Any]) -> None:
    device, client = Device(cast), cast.client()
    assert show(client, device.answer(challenge_of(client), **lie)) == 401
    assert not is_in(client)


def test_a_challenge_is_answered_once_within_five_minutes_by_the_browser_that_asked(cast: Cast) -> None:
    device, client, other = Device(cast), cast.client(), cast.client()
    answer = device.answer(challenge_of(client))
    challenge_of(other)
    assert show(other, answer) == 401
    late = challenge_of(other)
    with clock.shifted(timedelta(minutes=6)):
        assert show(other, device.answer(late)) == 400
    assert show(client, answer) == 200
    client.post("/logout")
    assert show(client, answer) == 400


@pytest.mark.parametrize(
    "credential",
    [None, "x", 7, [], {}, {"id": "x"}, {"id": 7}, {"id": "\x00"}, {"id": "ZGV2aWNlLTE", "response": "x"},
     {"id": "ZGV2aWNlLTE", "rawId": "!!", "type": "public-key", "response": {}},
     {"id": "ZGV2aWNlLTE", "rawId": "ZGV2aWNlLTE", "type": "public-key",
      "response": {"clientDataJSON": "e30", "authenticatorData": "e30", "signature": "e30"}}],
    ids=str,
)  # fmt: skip
def test_garbage_is_refused_in_words(cast: Cast, credential: Any) -> None:
    Device(cast)
    client = cast.client()
    challenge_of(client)
    assert show(client, credential) in (400, 401)
    assert not is_in(client)


def test_a_blocked_owner_stays_outside(cast: Cast) -> None:
    device, client = Device(cast), cast.client()
    with domain_scope(cast.north):
        cast.alice.is_active = False
        cast.alice.save()
    assert show(client, device.answer(challenge_of(client))) == 401
    assert not is_in(client)


def test_a_passkey_of_one_isp_is_unknown_at_another(cast: Cast) -> None:
    device = Device(cast)
    south = Client(HTTP_HOST="south.localhost")
    challenge = str(south.post("/login/passkey/options").json()["challenge"])
    answer = device.answer(challenge, origin="http://south.localhost", rp="south.localhost")
    assert show(south, answer) == 401


def test_somebody_else_s_passkey_is_no_second_factor(cast: Cast) -> None:
    device = Device(cast)
    with domain_scope(cast.north):
        Passkey(
            domain_id=cast.north.pk, user=cast.bob, title="Bob's", credential=letters(b"bob"), public_key=b"x",
            host=NORTH, created_at=clock.now(),
        ).save()  # fmt: skip
    client = cast.client()
    client.post("/login", {"login": cast.bob.login, "password": "correct horse battery"})
    assert show(client, device.answer(challenge_of(client))) == 401
    assert not is_in(client)
