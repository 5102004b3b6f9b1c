"""Sending mails: promised in a transaction, written down, and tried until a server took them.

`send` writes a row; a task tries it at once and the scheduler tries again what was not taken, with growing pauses, for
as long as the mail makes sense. A mail is claimed by a guarded update before it leaves, so that it leaves once; should
the machine die in the very moment between, it is sent again under the same Message-ID.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import override

from tenants import clock, outbox, smtp
from tenants.errors import Invalid, PerchError
from tenants.models import Domain, Mail, User
from tenants.scoping import current_domain_id, domain_scope
from tenants.services import languages, mail_relays, mail_templates
from tenants.services.mail_templates import Letter

logger = logging.getLogger(__name__)
TASK = "tenants.tasks.send_mail"
CLAIM = timedelta(minutes=5)  # longer than any server may keep one waiting
PAUSES = tuple(timedelta(minutes=number) for number in (1, 2, 5, 10, 20, 30, 60))
KEEP = timedelta(days=30)


def send(template: str, *, to: str, locale: str, **data: str) -> Mail:
    """Promise a mail for when this transaction commits; `data` fills the template and is kept encrypted until sent.

    Raises Invalid for what is no e-mail address.
    """
    kind = mail_templates.kind_of(template)
    now = clock.now()
    row = Mail(
        domain_id=current_domain_id(),
        template=template,
        locale=languages.written(locale),
        recipient=checked(to),
        created_at=now,
        expires_at=now + kind.lifetime,
        next_try_at=now,
    )
    row.data = json.dumps(data)
    row.save()
    outbox.after_commit(TASK, row.pk)
    return row


def checked(address: str) -> str:
    """The address if it is one, its domain in the letters of the wire; else Invalid."""
    try:
        validate_email(address)
        name, _at, domain = address.rpartition("@")
        return f"{name}@{domain.encode('idna').decode()}"
    except (ValidationError, UnicodeError) as error:
        raise Invalid(_("This is no e-mail address."), field="email") from error


def locale_of(user: User) -> str:
    """The language to write to somebody in: his own, else the ISP's."""
    return languages.of_person(user.locale, user.domain)


def address_of(user: User) -> str:
    """Where to write to somebody: his e-mail, or his login if that is one; empty if neither."""
    for candidate in (user.email, user.login):
        try:
            return checked(candidate)
        except Invalid:
            continue
    return ""


def about(user: User) -> dict[str, str]:
    """What mails to somebody may say of him."""
    return {"login": user.login, "name": user.name or user.login}


def local_time(instant: datetime, domain: Domain, locale: str) -> str:
    """An instant as people at the ISP read it."""
    with override(locale):
        return formats.date_format(instant.astimezone(domain.zone), "DATETIME_FORMAT")


def base_url(domain: Domain) -> str:
    """The portal's own address, from the ISP's record: a request's Host header never gets into a mail (T16)."""
    scheme, port = settings.PERCH_SCHEME, settings.PORT
    is_plain = scheme == "https" or port == 80  # behind a TLS proxy the port is the proxy's
    return f"{scheme}://{domain.base_host}{'' if is_plain else f':{port}'}"


def values_of(domain: Domain, data: Mapping[str, str]) -> dict[str, str]:
    """Everything a template may name."""
    common = {"base_url": base_url(domain), "brand": domain.title, "footer": domain.footer}
    return {**dict.fromkeys(mail_templates.COMMON, ""), **data, **common}


def letter_of(template: str, locale: str, data: Mapping[str, str]) -> Letter:
    """A mail of the ISP in scope as it will be read."""
    domain = Domain.objects.get(pk=current_domain_id())
    return mail_templates.render(mail_templates.source(template, locale), values_of(domain, data))


def message_of(letter: Letter, *, route: smtp.Route, recipient: str, message_id: str, at: datetime) -> EmailMessage:
    """A letter in its envelope. No header can hold a line break: EmailMessage refuses it."""
    message = EmailMessage()
    message["From"] = Address(route.sender_name, addr_spec=route.sender)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html.strip():
        message.add_alternative(letter.html, subtype="html")
    return message


def deliver(domain_id: int, mail_id: int) -> bool:
    """Try one mail now; whether a server took it. It is safe to call twice and from two places at once.

    The connection to the server is not held inside a transaction of the database.
    """
    with domain_scope(domain_id):
        row = _claim(mail_id)
        if row is None:
            return False
        route = mail_relays.route()
        letter = letter_of(row.template, row.locale, json.loads(row.data))
    try:
        if route is None:
            raise smtp.RelayRefused("no mail server is named in the settings")
        hand_over(route, letter, row)
    except PerchError as error:
        with domain_scope(domain_id):
            _put_off(row, error)
        return False
    with domain_scope(domain_id):
        _settle(row, sent_at=clock.now(), error="")
    return True


def hand_over(route: smtp.Route, letter: Letter, row: Mail) -> None:
    """Give a mail to the server."""
    message_id = f"<{row.secret_id}@{route.sender.rpartition('@')[2]}>"
    message = message_of(letter, route=route, recipient=row.recipient, message_id=message_id, at=row.created_at)
    smtp.deliver(route, message, recipient=row.recipient)


def _claim(mail_id: int) -> Mail | None:
    """Take a mail that is due; whoever else looks meanwhile finds it is not due yet."""
    now = clock.now()
    due = Mail.objects.filter(pk=mail_id, sent_at=None, failed_at=None, next_try_at__lte=now)
    if not due.update(next_try_at=now + CLAIM):
        return None
    row: Mail = Mail.objects.get(pk=mail_id)
    if row.expires_at <= now:
        _settle(row, failed_at=now, error=row.error or "too late")
        return None
    return row


def _put_off(row: Mail, error: PerchError) -> None:
    logger.warning("mail %s was not taken: %s", row.pk, error.message)
    if isinstance(error, smtp.RecipientRefused):
        _settle(row, failed_at=clock.now(), error=error.message)
        return
    pause = PAUSES[min(row.attempts, len(PAUSES) - 1)]
    attempts = row.attempts + 1
    Mail.objects.filter(pk=row.pk).update(next_try_at=clock.now() + pause, attempts=attempts, error=error.message[:300])


def _settle(row: Mail, *, error: str, **at: Any) -> None:
    """The mail is gone, or never will be: what it was filled with is forgotten."""
    Mail.objects.filter(pk=row.pk).update(data_sealed="", attempts=row.attempts + 1, error=error[:300], **at)


def due(limit: int = 200) -> list[int]:
    """The mails of the ISP in scope that should be tried now."""
    rows = Mail.objects.filter(sent_at=None, failed_at=None, next_try_at__lte=clock.now())
    return list(rows.order_by("next_try_at").values_list("pk", flat=True)[:limit])


def remove_old() -> int:
    """Forget mails that were settled a month ago."""
    return int(Mail.objects.filter(created_at__lte=clock.now() - KEEP).delete()[0])


def send_test(*, to: str, locale: str, template: str, data: Mapping[str, str]) -> None:
    """Send a mail this very moment, so that whoever set up the server reads what it says. Never tried again.

    Raises Invalid, Unreachable, RelayRefused and RecipientRefused.
    """
    recipient, route = checked(to), mail_relays.route()
    if route is None:
        raise smtp.RelayRefused(_("No mail server is named yet."))
    now = clock.now()
    row = Mail(domain_id=current_domain_id(), template=template, recipient=recipient, created_at=now)
    hand_over(route, letter_of(template, locale, data), row)
