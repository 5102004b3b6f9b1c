"""One-time codes of those who run the installation: whoever enters every ISP should not hang on a password alone."""

from __future__ import annotations

import uuid

import pyotp
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import clock
from tenants.errors import Conflict, Invalid
from tenants.installation import installation_scope
from tenants.models import InstallationEntry, SuperAdministrator, SuperSession
from tenants.services import installation_log
from tenants.services.second_factors import matching_step


def has_factor(row: SuperAdministrator) -> bool:
    """Whether a code is asked of him besides the password."""
    return row.factor_confirmed_at is not None


def begin(row: SuperAdministrator) -> str:
    """The secret he is setting up; the same one until it is confirmed. Conflict where codes are set up already."""
    if has_factor(row):
        raise Conflict(_("One-time codes are set up already."))
    if not row.secret:
        row.secret_id, row.secret = uuid.uuid4(), pyotp.random_base32()
        row.save(update_fields=["secret_id", "secret_sealed"])
    secret: str = row.secret
    return secret


def address_of(row: SuperAdministrator) -> str:
    """The `otpauth://` address that an application reads from the QR code."""
    return pyotp.TOTP(begin(row)).provisioning_uri(name=row.login, issuer_name="Perch")


@transaction.atomic
def confirm(row: SuperAdministrator, code: str) -> None:
    """Let the codes count, proved by the first one; whoever came by the password alone is signed out. Or Invalid."""
    step = matching_step(row, code) if row.secret and not has_factor(row) else None
    if step is None:
        raise Invalid(_("The code is wrong. Look whether the telephone's clock is right."), field="code")
    row.factor_confirmed_at, row.last_step = clock.now(), step
    row.save(update_fields=["factor_confirmed_at", "last_step"])
    SuperSession.objects.filter(administrator=row).delete()
    _note(row, [None, "***"], by=row)


def use_code(row: SuperAdministrator, code: str) -> bool:
    """Whether a code is right; each is good once, also where two come at the same moment."""
    step = matching_step(row, code)
    if step is None:
        return False
    return bool(SuperAdministrator.objects.filter(pk=row.pk, last_step__lt=step).update(last_step=step))


@transaction.atomic
def remove(login: str, *, acting: SuperAdministrator | None = None) -> SuperAdministrator:
    """Forget somebody's codes, and sign him out everywhere: he lost his telephone, or does without. Raises Invalid."""
    with installation_scope():
        row: SuperAdministrator | None = SuperAdministrator.objects.filter(login__iexact=login.strip()).first()
        if row is None:
            raise Invalid(_("There is no such super administrator."), field="login")
        row.secret, row.factor_confirmed_at, row.last_step = "", None, 0
        row.save(update_fields=["secret_sealed", "factor_confirmed_at", "last_step"])
        SuperSession.objects.filter(administrator=row).delete()
        _note(row, ["***", None], by=acting)
        return row


def _note(row: SuperAdministrator, change: list[str | None], *, by: SuperAdministrator | None) -> None:
    installation_log.record(
        InstallationEntry.Action.ADMINISTRATOR, administrator=by, title=row.login, changed={"second_factor": change}
    )
