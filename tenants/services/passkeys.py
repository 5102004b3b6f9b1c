"""Passkeys (WebAuthn): key pairs in people's devices, bound to the ISP's host name: no imitated page can ask for it."""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass
from typing import Any

import webauthn
from django.db import transaction
from django.utils.translation import gettext as _
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tenants import audit, clock, keys
from tenants.errors import Conflict, Invalid, Unauthenticated
from tenants.models import Domain, Passkey, User

logger = logging.getLogger(__name__)

MOST = 20
# What else the library meets in bytes of strangers: bad base64, CBOR and structures.
GARBLED = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True)
class Place:
    """Where a passkey is used: the ISP's host name, and the address as the browser states it."""

    host: str
    origin: str


def handle(user: User) -> bytes:
    """What a device keeps to tell accounts apart: says nothing about the user to whoever finds the device."""
    return hmac.new(keys.derive("passkey-handle"), f"{user.domain_id}|{user.pk}".encode(), hashlib.sha256).digest()


def _known(user: User, host: str) -> list[PublicKeyCredentialDescriptor]:
    rows = Passkey.objects.filter(user=user, host=host)
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(row.credential)) for row in rows]


def registration_options(user: User, place: Place) -> dict[str, Any]:
    """What a browser needs to make a passkey; the challenge is inside."""
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=Domain.objects.get(pk=user.domain_id).title,
        user_id=handle(user),
        user_name=user.login,
        user_display_name=user.name or user.login,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=_known(user, place.host),
    )
    return options_to_json_dict(options)


@transaction.atomic
def register(
    user: User, credential: Any, *, challenge: str, place: Place, title: str, acting_user: User | None
) -> Passkey:
    """Keep a new passkey."""
    if Passkey.objects.filter(user=user).count() >= MOST:
        raise Conflict(_("There are too many passkeys: remove one first."))
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.host,
            expected_origin=place.origin,
        )
    except GARBLED as error:
        logger.info("a passkey was refused: %s", error)
        raise Invalid(_("The device's answer cannot be accepted. Try again.")) from error
    name = bytes_to_base64url(made.credential_id)
    if Passkey.objects.filter(credential=name).exists():
        raise Conflict(_("This passkey is known already."))
    row = Passkey(
        domain_id=user.domain_id,
        user=user,
        title=title.strip()[:100] or _("Passkey"),
        credential=name,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        host=place.host,
        is_synced=made.credential_backed_up,
        created_at=clock.now(),
    )
    row.save()
    audit.created(row, acting_user=acting_user)
    return row


def sign_in_options(place: Place, user: User | None = None) -> dict[str, Any]:
    """What a browser needs to show a passkey: of this user as his second factor, else of anybody, as the only proof."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        allow_credentials=_known(user, place.host) if user else None,
        user_verification=UserVerificationRequirement.PREFERRED if user else UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


@transaction.atomic
def check(credential: Any, *, challenge: str, place: Place, user: User | None = None) -> User:
    """Whose passkey signed the challenge. Raises Unauthenticated.

    As the only proof (`user` is None) the device must have verified its owner, by PIN or fingerprint: that makes two
    factors of one. A device whose counter goes back is refused: there are two of it.
    """
    row = _row(credential, place)
    if row is None or (user is not None and row.user_id != user.pk):
        raise Unauthenticated(_("This passkey is not known here."))
    try:
        shown = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
            require_user_verification=user is None,
        )
    except GARBLED as error:
        logger.warning("passkey %s of user %s was refused: %s", row.pk, row.user_id, error)
        raise Unauthenticated(_("The device's answer cannot be accepted. Try again.")) from error
    if not _is_of(credential, row.user):
        raise Unauthenticated(_("This passkey is not known here."))
    Passkey.objects.filter(pk=row.pk).update(sign_count=shown.new_sign_count, last_used_at=clock.now())
    owner: User = row.user
    return owner


def _row(credential: Any, place: Place) -> Passkey | None:
    name = credential.get("id") if isinstance(credential, dict) else None
    if not isinstance(name, str) or "\x00" in name:
        return None
    found: Passkey | None = (
        Passkey.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(credential=name, host=place.host)
        .first()
    )
    return found


def _is_of(credential: Any, user: User) -> bool:
    """A device that names an account names this one."""
    named = credential["response"].get("userHandle")
    return not named or hmac.compare_digest(str(named).rstrip("="), bytes_to_base64url(handle(user)))
