"""Access tokens that are none of ours: every one is refused with 401 (security.md T13, check 8)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from tenants import clock
from tenants.models import UserSession
from tenants.scoping import domain_scope
from tenants.secrets import digest
from tenants.services import signing
from tests.api.v3.calls import Caller, bearer, nobody
from tests.cast import NORTH, Cast
from tests.server import sign_in

STRANGER = generate_private_key(public_exponent=65537, key_size=2048)


class Forge:
    """Makes tokens of North's administrator that differ from a good one in one thing."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.pair = signing.key_pair(signing.JWT)
        with domain_scope(cast.north):
            self.session = UserSession.objects.get(digest=digest(sign_in(cast.nora)))

    def claims(self, **other: Any) -> dict[str, Any]:
        """Good claims, but for what is given; None leaves one out."""
        now = int(clock.timestamp())
        good = {
            "iss": "perch",
            "aud": f"isp:{self.cast.north.pk}",
            "sub": str(self.cast.nora.pk),
            "session": str(self.session.pk),
            "typ": "access",
            "iat": now,
            "exp": now + 900,
        }
        return {name: value for name, value in {**good, **other}.items() if value is not None}

    def good(self, *, header: dict[str, Any] | None = None, **other: Any) -> str:
        """Signed by the right key."""
        return jwt.encode(self._checked(self.claims(**other)), self.pair.private, "RS256", headers=header)

    def _checked(self, claims: dict[str, Any]) -> dict[str, Any]:
        """PyJWT refuses to write some bad claims: these are written by hand (`raw`)."""
        return claims

    def raw(self, header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
        """Signed by hand."""
        parts = b".".join(base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in (header, claims))
        return (parts + b"." + base64.urlsafe_b64encode(sign(parts)).rstrip(b"=")).decode()

    def by_us(self, claims: dict[str, Any], **header: Any) -> str:
        """Any claims and any header, signed by the right key."""
        algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
        said = {"alg": "RS256", "typ": "JWT", **header}
        return self.raw(said, claims, lambda parts: algorithm.sign(parts, self.pair.private))

    def by_stranger(self, **header: Any) -> str:
        """Good claims, signed by somebody else's key."""
        algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
        said = {"alg": "RS256", "typ": "JWT", **header}
        return self.raw(said, self.claims(), lambda parts: algorithm.sign(parts, STRANGER))

    def public_pem(self) -> bytes:
        return self.pair.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def hs256(self, key: bytes) -> str:
        """HS256 with a secret of the attacker's choice: our public key, for one."""
        header = {"alg": "HS256", "typ": "JWT"}
        return self.raw(header, self.claims(), lambda parts: hmac.new(key, parts, hashlib.sha256).digest())


def _swapped(text: str, **claims: Any) -> str:
    """A good signature over other claims."""
    head, body, signature = text.split(".")
    said = orjson.loads(base64.urlsafe_b64decode(body + "==")) | claims
    return f"{head}.{base64.urlsafe_b64encode(orjson.dumps(said)).rstrip(b'=').decode()}.{signature}"


BAD: dict[str, Callable[[Forge], str]] = {
    "alg none": lambda f: f.raw({"alg": "none", "typ": "JWT"}, f.claims(), lambda _parts: b""),
    "alg None": lambda f: f.raw({"alg": "None", "typ": "JWT"}, f.claims(), lambda _parts: b""),
    "alg nOnE with our signature": lambda f: f.by_us(f.claims(), alg="nOnE"),
    "no algorithm": lambda f: f.raw({"typ": "JWT"}, f.claims(), lambda _parts: b"x"),
    "algorithm is a list": lambda f: f.by_us(f.claims(), alg=["RS256"]),
    "HS256 with our public key": lambda f: f.hs256(f.public_pem()),
    "HS256 with our public key, bare": lambda f: f.hs256(f.public_pem().strip()),
    "HS256 with an empty key": lambda f: f.hs256(b""),
    "RS512 with our key": lambda f: jwt.encode(f.claims(), f.pair.private, "RS512"),
    "PS256 with our key": lambda f: jwt.encode(f.claims(), f.pair.private, "PS256"),
    "RS256 with another key": lambda f: f.by_stranger(),
    "ES256": lambda f: jwt.encode(f.claims(), generate_ec(SECP256R1()), "ES256"),
    "kid leads to /dev/null": lambda f: f.by_stranger(kid="../../../../dev/null"),
    "kid is SQL": lambda f: f.by_stranger(kid="' UNION SELECT 'x"),
    "kid with our own signature": lambda f: f.by_us(f.claims(), kid="1"),
    "jku": lambda f: f.by_stranger(jku="https://attacker.example/keys.json"),
    "x5u": lambda f: f.by_stranger(x5u="https://attacker.example/cert.pem"),
    "jwk of another key": lambda f: f.by_stranger(jwk=RSAAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True)),
    "x5c": lambda f: f.by_stranger(x5c=["MIIB"]),
    "crit": lambda f: f.by_us(f.claims(), crit=["exp"], exp=0),
    "zipped": lambda f: f.by_us(f.claims(), zip="DEF"),
    "typ of the header": lambda f: f.by_us(f.claims(), typ="at+jwt"),
    "expired": lambda f: f.good(exp=int(clock.timestamp()) - 1),
    "expires now": lambda f: f.good(exp=int(clock.timestamp())),
    "never expires": lambda f: f.good(exp=None),
    "expires as a text": lambda f: f.by_us(f.claims(exp="9999999999")),
    "expires as a float": lambda f: f.by_us(f.claims(exp=9999999999.5)),
    "expires true": lambda f: f.by_us(f.claims(exp=True)),
    "not before tomorrow": lambda f: f.good(nbf=int(clock.timestamp()) + 86400),
    "issued tomorrow": lambda f: f.good(iat=int(clock.timestamp()) + 86400),
    "no moment of issue": lambda f: f.good(iat=None),
    "another ISP": lambda f: f.good(aud=f"isp:{f.cast.south.pk}"),
    "several ISPs": lambda f: f.good(aud=[f"isp:{f.cast.north.pk}", f"isp:{f.cast.south.pk}"]),
    "no ISP": lambda f: f.good(aud=None),
    "another issuer": lambda f: f.good(iss="attacker"),
    "no issuer": lambda f: f.good(iss=None),
    "a refresh token by its typ": lambda f: f.good(typ="refresh"),
    "no typ": lambda f: f.good(typ=None),
    "no subject": lambda f: f.good(sub=None),
    "subject as a number": lambda f: f.by_us(f.claims(sub=f.cast.nora.pk)),
    "subject is somebody else's": lambda f: f.good(sub=str(f.cast.bob.pk)),
    "subject is the system": lambda f: f.good(sub="0"),
    "subject is negative": lambda f: f.good(sub="-1"),
    "subject is SQL": lambda f: f.good(sub="1 OR 1=1"),
    "subject of other digits": lambda f: f.good(sub="\u0661"),
    "no session": lambda f: f.good(session=None),
    "session of nobody": lambda f: f.good(session="987654321"),
    "session beyond any column": lambda f: f.good(session="9" * 30),
    "claims are no object": lambda f: f.by_us([]),  # type: ignore[arg-type]  # on purpose
    "claims swapped": lambda f: _swapped(f.good(), sub=str(f.cast.alice.pk)),
    "signature cut": lambda f: f.good()[:-4],
    "signature gone": lambda f: f.good().rpartition(".")[0] + ".",
    "nothing but dots": lambda _f: "..",
    "no base64": lambda _f: "a.b.c",
    "longer than any": lambda f: f.good(pad="x" * 5000),
    "zero byte": lambda _f: "a.b\x00.c",
}


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(BAD) >= 50


def test_the_forge_makes_good_tokens(cast: Cast) -> None:
    forge = Forge(cast)
    for text in (forge.good(), forge.by_us(forge.claims())):
        assert Caller(NORTH, bearer(text)).get("profile").ok()["id"] == cast.nora.pk


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused_with_401(cast: Cast, name: str) -> None:
    text = BAD[name](Forge(cast))
    answer = Caller(NORTH, bearer(text)).get("profile")
    assert answer.status == 401, (answer.status, answer.body)
    assert answer.body["errors"][0]["status"] == "401"
    if "\x00" not in text:
        assert nobody().get(f"profile?token={text}").status == 401
    assert nobody().post("login", **bearer(text)).status == 401
