"""Forgotten passwords (item 30): ask, get a link by mail, set a new one; everything opened with the old one ends."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tenants import audit, clock, networks, outbox
from tenants.aside import aside
from tenants.errors import Conflict, Missing
from tenants.models import Token, User
from tenants.secrets import digest
from tenants.services import brake, demo, mail, mail_templates, tokens, users

TASK = "tenants.tasks.recover_password"
LIFETIME = mail_templates.KINDS["password_reset_request"].lifetime
AN_HOUR = timedelta(hours=1)
MAILS_AN_HOUR = 3  # to one person: nobody fills a stranger's mailbox
ASKING = brake.Rule(free=10, again=3, window=AN_HOUR, longest=AN_HOUR, fixed=True)  # of one network
SAME_ADDRESS = 5  # accounts that may share an e-mail
PURPOSES = (Token.Purpose.PASSWORD_RESET, Token.Purpose.ACTIVATION, Token.Purpose.AUTOLOGIN)


def request_recovery(login_or_email: str) -> None:
    """Somebody says he forgot his password. Whether we know him is found out later, elsewhere (no enumeration).

    Raises TooManyAttempts for a network that asks all the time.
    """
    ip = audit.current_origin().ip
    counted = brake.count({digest(f"recovery|{networks.neighbourhood(ip)}"): ASKING})
    with aside() as cursor:
        counted.wrong(cursor)
    outbox.after_commit(TASK, login_or_email.strip()[:254].replace("\x00", ""), ip)


def recover(login_or_email: str) -> int:
    """Send a link to whoever this is; returns to how many. Nothing happens for nobody, and nothing is told."""
    people = [user for user in _known(login_or_email) if _may_recover(user)]
    for user in people:
        send_reset(user, acting_user=None)
    return len(people)


def _known(name: str) -> list[User]:
    active: QuerySet[User] = User.objects.filter(is_active=True).select_related("domain")
    if not name:
        return []
    found = list(active.filter(login__iexact=name))
    if found and (found[0].is_email_proven or "@" not in name):
        return found
    by_email = active.filter(email__iexact=name).exclude(pk__in=[row.pk for row in found])
    return [*found, *by_email.order_by("id")[:SAME_ADDRESS]]


def _may_recover(user: User) -> bool:
    """Read only means the account itself too (item 61): its password is an administrator's business."""
    since = clock.now() - AN_HOUR
    recent = Token.objects.filter(purpose=Token.Purpose.PASSWORD_RESET, user=user, created_at__gt=since).count()
    return bool(mail.address_of(user)) and not user.is_readonly and recent < MAILS_AN_HOUR


@transaction.atomic
def send_reset(user: User, *, acting_user: User | None) -> None:
    """Mail somebody a link that sets a new password (also by an administrator's hand)."""
    to = mail.address_of(user)
    if not to:
        raise Conflict(_("There is no e-mail to write to."), field="email")
    demo.refuse_password(user)
    row, text = tokens.issue(Token.Purpose.PASSWORD_RESET, user=user, lifetime=LIFETIME)
    audit.created(row, acting_user=acting_user)
    locale = mail.locale_of(user)
    mail.send("password_reset_request", to=to, locale=locale, **mail.about(user), token=text)


def person_of(text: str, purpose: Token.Purpose = Token.Purpose.PASSWORD_RESET) -> User:
    """Whose link this is, while it may be used; else Missing. Looking does not use it: mail scanners look, too."""
    user: User | None = tokens.find(purpose, text).user
    if user is None or not user.is_active:
        raise Missing(_("This link was used already, or its time is over."))
    return user


def reset_by_link(text: str, password: str) -> User:
    """The same by a link of either kind: to a forgotten password, or to the first one of a new account."""
    is_first = Token.objects.filter(purpose=Token.Purpose.ACTIVATION, digest=digest(text)).exists()
    return reset(text, password, purpose=Token.Purpose.ACTIVATION if is_first else Token.Purpose.PASSWORD_RESET)


@transaction.atomic
def reset(text: str, password: str, *, purpose: Token.Purpose = Token.Purpose.PASSWORD_RESET) -> User:
    """Set a new password by a link. The link is spent, others of the account are void, and all its sessions end."""
    person = person_of(text, purpose)
    tokens.use(purpose, text)
    user = User.objects.select_for_update(of=("self",)).select_related("domain").get(pk=person.pk)
    users.change_user(user, acting_user=user, password=password)
    users.email_is_proven(user)
    for other in PURPOSES:
        tokens.withdraw(other, user=user)
    return user
