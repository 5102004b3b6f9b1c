"""Who runs the installation (item 59): making them, their passwords, and signing in at the installation's address.

Guessing is held back before a password is compared. Sign-ins are looked at one at a time, under a lock of PostgreSQL:
a thousand guesses at the same moment are a thousand guesses, of which the sixth is not compared any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants import clock, networks
from tenants.audit import current_origin
from tenants.errors import Conflict, Invalid, TooManyAttempts, Unauthenticated
from tenants.installation import installation_scope
from tenants.models import InstallationEntry, SuperAdministrator, SuperSession, SuperSignIn
from tenants.secrets import digest
from tenants.services import installation_log, super_factors
from tenants.services.brake import plain_login
from tenants.services.validation import as_invalid, check

LOCK = 0x73757065  # of the one sign-in that is looked at
FREE = 5  # wrong answers from one network before it waits
FREE_OF_LOGIN = 20  # wrong answers for one login, from networks where nobody signed in with it
WINDOW = timedelta(hours=6)
TRUST = timedelta(days=90)
KEEP = timedelta(days=400)
LONGEST_WAIT = timedelta(hours=1)
SHORTEST_PASSWORD = 12
Result = SuperSignIn.Result


@transaction.atomic
def set_password(login: str, password: str, *, acting: SuperAdministrator | None = None) -> SuperAdministrator:
    """Make a super administrator, or give him a new password; he is signed out everywhere. Raises Invalid."""
    with installation_scope():
        row = SuperAdministrator.objects.filter(login__iexact=login.strip()).first()
        row = row or SuperAdministrator(login=login.strip())
        before = row.login if row.pk else None
        _check_password(row, password)
        row.password, row.is_active = make_password(password), True
        check(row)
        row.save()
        SuperSession.objects.filter(administrator=row).delete()
        installation_log.record(
            InstallationEntry.Action.ADMINISTRATOR,
            administrator=acting,
            title=row.login,
            changed={"login": [before, row.login], "password": ["***" if before else None, "***"]},
        )
        return row


def _check_password(row: SuperAdministrator, password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(_("At least %(n)s characters.") % {"n": SHORTEST_PASSWORD}, field="password")
    try:
        validate_password(password)
    except ValidationError as error:
        raise Invalid(" ".join(as_invalid(error).fields["__all__"]), field="password") from error


@transaction.atomic
def disable(login: str, *, acting: SuperAdministrator | None = None) -> SuperAdministrator:
    """Sign a super administrator out for good. The last one stays: an installation must have one (item 59)."""
    with installation_scope():
        row = SuperAdministrator.objects.select_for_update().filter(login__iexact=login.strip(), is_active=True).first()
        if row is None:
            raise Invalid(_("There is no such super administrator."), field="login")
        if not SuperAdministrator.objects.filter(is_active=True).exclude(pk=row.pk).exists():
            raise Conflict(_("The last super administrator stays."))
        row.is_active = False
        row.save(update_fields=["is_active"])
        SuperSession.objects.filter(administrator=row).delete()
        installation_log.record(
            InstallationEntry.Action.ADMINISTRATOR, administrator=acting, title=row.login,
            changed={"is_active": [True, False]},
        )  # fmt: skip
        return row


def exist() -> bool:
    """Whether the installation has a super administrator."""
    with installation_scope():
        return SuperAdministrator.objects.filter(is_active=True).exists()


def authenticate(login: str, password: str, *, code: str | None = None) -> SuperAdministrator:
    """The super administrator of a login, a password and, unless `code` is None, a code where he has set codes up. The
    caller keeps the transaction, also when this raises:
    wrong answers are counted in it.

    Raises TooManyAttempts before anything is compared; Unauthenticated, in the same words for an unknown login.
    """
    origin = current_origin()
    network, name = networks.neighbourhood(origin.ip), digest(plain_login(login))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    _require_patience(network, name)
    row = SuperAdministrator.objects.filter(login__iexact=login, is_active=True).first()
    # An unknown login costs the same time as a wrong password.
    stored = row.password if row else make_password(None)
    right = check_password(password, stored) if row else _waste(password)
    if right and row and code is not None and super_factors.has_factor(row):
        right = super_factors.use_code(row, code)
    SuperSignIn.objects.create(
        login_digest=name,
        network=network,
        ip=origin.ip,
        user_agent=origin.user_agent[:300],
        result=Result.ENTERED if right else Result.WRONG,
        created_at=clock.now(),
    )
    if row is None or not right:
        raise Unauthenticated(_("The login or the password is wrong."))
    return row


def _waste(password: str) -> bool:
    make_password(password)
    return False


def _require_patience(network: str, login_digest: str) -> None:
    now = clock.now()
    recent = SuperSignIn.objects.filter(created_at__gt=now - WINDOW)
    here = recent.filter(network=network)
    wait = _wait(here, now, FREE)
    trusted = SuperSignIn.objects.filter(
        login_digest=login_digest, network=network, result=Result.ENTERED, created_at__gt=now - TRUST
    ).exists()
    if not trusted:
        wait = max(wait, _wait(recent.filter(login_digest=login_digest), now, FREE_OF_LOGIN))
    if wait > 0:
        minutes = -(-wait // 60)
        told = ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
        raise TooManyAttempts(_("Too many attempts. Try again in %(wait)s.") % {"wait": told}, retry_after=wait)


def _wait(rows: QuerySet[SuperSignIn, SuperSignIn], now: datetime, free: int) -> int:
    """Seconds until the next answer is looked at: after the free ones 1, 2, 4, ... minutes since the last wrong one."""
    asked = rows.aggregate(entered=Max("pk", filter=Q(result=Result.ENTERED)))
    wrong = rows.filter(result=Result.WRONG)
    if asked["entered"]:
        wrong = wrong.filter(pk__gt=asked["entered"])
    counted = wrong.aggregate(count=Count("id"), last=Max("created_at"))
    if counted["count"] < free:
        return 0
    pause = min(timedelta(minutes=2 ** min(counted["count"] - free, 16)), LONGEST_WAIT)
    return max(0, int((counted["last"] + pause - now).total_seconds()) + 1) if counted["last"] + pause > now else 0


def remove_old() -> int:
    """Forget sign-ins of long ago and sessions that have ended; returns how many rows."""
    now = clock.now()
    with installation_scope():
        gone = SuperSignIn.objects.filter(created_at__lte=now - KEEP).delete()[0]
        return int(gone + SuperSession.objects.filter(expires_at__lte=now).delete()[0])
