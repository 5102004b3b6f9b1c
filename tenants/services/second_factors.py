"""Second factors: one-time codes, recovery codes, passkeys; who has one, who must, and whether one is right."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

import pyotp
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock, keys
from tenants.errors import Conflict, Invalid
from tenants.models import Domain, OneTimeGenerator, Passkey, RecoveryCode, SuperAdministrator, User
from tenants.services import sign_in

STEP = 30  # seconds a code lives, as all applications have it
DRIFT = 1  # steps that a telephone's clock may be off
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look like another
UNFINISHED = timedelta(hours=1)


def has_factor(user: User) -> bool:
    """Whether something besides the password is asked of this user."""
    return (
        OneTimeGenerator.objects.filter(user=user, confirmed_at__isnull=False).exists()
        or Passkey.objects.filter(user=user).exists()
    )


def is_missing(user: User) -> bool:
    """Whether the ISP wants a second factor of this user and he has none yet."""
    return user.is_admin and _domain(user).requires_admin_factor and not has_factor(user)


def _domain(user: User) -> Domain:
    return Domain.objects.get(pk=user.domain_id)


def generator_of(user: User) -> OneTimeGenerator | None:
    """The user's confirmed generator of codes."""
    found: OneTimeGenerator | None = OneTimeGenerator.objects.filter(user=user, confirmed_at__isnull=False).first()
    return found


@transaction.atomic
def begin_generator(user: User) -> OneTimeGenerator:
    """The generator a user is setting up: the one begun within the hour, or a new one. It counts once confirmed."""
    row: OneTimeGenerator | None = OneTimeGenerator.objects.select_for_update().filter(user=user).first()
    if row is not None and row.confirmed_at:
        raise Conflict(_("One-time codes are set up already."))
    if row is not None and clock.now() - row.created_at < UNFINISHED:
        return row
    OneTimeGenerator.objects.filter(user=user).delete()
    row = OneTimeGenerator(domain_id=user.domain_id, user=user, created_at=clock.now())
    row.secret = pyotp.random_base32()
    row.save()
    return row


def address_of(row: OneTimeGenerator, *, issuer: str) -> str:
    """The `otpauth://` address that an application reads from the QR code."""
    return pyotp.TOTP(row.secret).provisioning_uri(name=row.user.login, issuer_name=issuer.replace(":", " "))


@transaction.atomic
def confirm_generator(user: User, code: str, *, acting_user: User | None) -> list[str]:
    """Let the generator count, proved by its first code; returns new recovery codes, or none where there are some."""
    row = OneTimeGenerator.objects.select_for_update().filter(user=user, confirmed_at=None).first()
    if row is None:
        raise Conflict(_("Begin again: the code on the screen was too old."))
    step = matching_step(row, code)
    if step is None:
        raise Invalid(_("The code is wrong. Look whether the telephone's clock is right."), field="code")
    row.confirmed_at, row.last_step = clock.now(), step
    row.save()
    audit.created(row, acting_user=acting_user)
    return renew_recovery_codes(user, acting_user=acting_user) if not left(user) else []


def matching_step(row: OneTimeGenerator | SuperAdministrator, code: str) -> int | None:
    """The half minute a code belongs to, if it is newer than the last one used."""
    plain = "".join(code.split())
    if len(plain) != 6 or not (plain.isascii() and plain.isdigit()):
        return None
    totp, now = pyotp.TOTP(row.secret), int(clock.timestamp()) // STEP
    for step in range(now - DRIFT, now + DRIFT + 1):
        if step > row.last_step and hmac.compare_digest(totp.generate_otp(step), plain):
            return step
    return None


def check_code(user: User, code: str, *, door: str) -> bool:
    """Whether a one-time or recovery code is right; each is good once. Raises TooManyAttempts."""
    with sign_in.factor_attempt(user, door) as attempt:
        right = _use_step(user, code) or _use_recovery_code(user, code)
        if right:
            attempt.passed(trusted=False)
        else:
            attempt.failed(sign_in.Result.FACTOR, user)
    return right


def _use_step(user: User, code: str) -> bool:
    row = generator_of(user)
    step = matching_step(row, code) if row else None
    if row is None or step is None:
        return False
    # The guard in the update makes one of two equal codes at the same moment the replay that it is.
    return bool(OneTimeGenerator.objects.filter(pk=row.pk, last_step__lt=step).update(last_step=step))


def _use_recovery_code(user: User, code: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user, used_at=None)
    return bool(unused.filter(digest=_digest(user, code)).update(used_at=clock.now()))


def _digest(user: User, code: str) -> str:
    """Keyed with what is not in the database: a code is short enough to be guessed from a plain hash."""
    plain = "".join(letter for letter in code.lower() if letter in LETTERS)
    return hmac.new(keys.derive("recovery-codes"), f"{user.pk}|{plain}".encode(), hashlib.sha256).hexdigest()


def left(user: User) -> int:
    """How many recovery codes are unused."""
    return int(RecoveryCode.objects.filter(user=user, used_at=None).count())


@transaction.atomic
def renew_recovery_codes(user: User, *, acting_user: User | None) -> list[str]:
    """Ten new recovery codes, shown this once; older ones are void."""
    RecoveryCode.objects.filter(user=user).delete()
    codes = ["-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(3)) for _ in range(CODES)]
    now = clock.now()
    rows = [
        RecoveryCode(domain_id=user.domain_id, user=user, digest=_digest(user, code), created_at=now) for code in codes
    ]
    RecoveryCode.objects.bulk_create(rows)
    audit.created(rows[0], acting_user=acting_user)
    return codes


@transaction.atomic
def remove_generator(user: User, *, acting_user: User | None) -> None:
    """Do without one-time codes from now on."""
    row = OneTimeGenerator.objects.filter(user=user).first()
    if row is None:
        return
    _keep_one(user, passkeys=Passkey.objects.filter(user=user).count())
    audit.deleted(row, acting_user=acting_user)
    row.delete()
    _forget_codes(user)


@transaction.atomic
def remove_passkey(passkey: Passkey, *, acting_user: User | None) -> None:
    """A lost device opens nothing any more."""
    user = passkey.user
    if generator_of(user) is None:
        _keep_one(user, passkeys=Passkey.objects.filter(user=user).count() - 1)
    audit.deleted(passkey, acting_user=acting_user)
    passkey.delete()
    _forget_codes(user)


def _keep_one(user: User, *, passkeys: int) -> None:
    if not passkeys and user.is_admin and _domain(user).requires_admin_factor:
        raise Conflict(_("The provider asks administrators for a second factor: add another one first."))


def _forget_codes(user: User) -> None:
    """Recovery codes stand for a factor; without one they would be a second password."""
    if not has_factor(user):
        RecoveryCode.objects.filter(user=user).delete()


@transaction.atomic
def remove_all(user: User, *, acting_user: User | None) -> None:
    """For somebody who lost his telephone: the password alone opens again, or leads to setting up."""
    for row in [*OneTimeGenerator.objects.filter(user=user), *Passkey.objects.filter(user=user)]:
        audit.deleted(row, acting_user=acting_user)
        row.delete()
    RecoveryCode.objects.filter(user=user).delete()
