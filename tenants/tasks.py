"""Background work about people. Thin doors: ids in, open scope, call the service. Safe to run twice."""

from __future__ import annotations

import logging

import dramatiq

from tenants import audit
from tenants.errors import Conflict
from tenants.models import Domain, User
from tenants.scoping import domain_scope
from tenants.services import mail, passwords, support, users

logger = logging.getLogger(__name__)


@dramatiq.actor(queue_name="mail", max_retries=0, time_limit=120_000)
def send_mail(domain_id: int, mail_id: int) -> None:
    """Try a mail; what no server took is tried again by `mails_due`."""
    mail.deliver(domain_id, mail_id)


@dramatiq.actor(queue_name="mail", max_retries=0)
def mails_due() -> None:
    """Try the mails whose time has come; the scheduler calls this every minute."""
    for domain_id in Domain.objects.filter(is_active=True).values_list("pk", flat=True):
        with domain_scope(domain_id):
            waiting = mail.due()
        for mail_id in waiting:
            send_mail.send(domain_id, mail_id)


@dramatiq.actor(queue_name="mail", max_retries=3)
def recover_password(domain_id: int, name: str, ip: str | None) -> None:
    """Look for whoever forgot his password, after the web has answered: known and unknown names cost it the same."""
    with domain_scope(domain_id), audit.originating(audit.Origin(ip=ip)):
        passwords.recover(name)


@dramatiq.actor(queue_name="default", max_retries=3)
def lock_user(domain_id: int, user_id: int) -> None:
    """Disable somebody whom the ISP's RADIUS server rejects; the last administrator stays."""
    with domain_scope(domain_id):
        user = User.objects.filter(pk=user_id, is_active=True).first()
        if user is None:
            return
        try:
            users.change_user(user, acting_user=None, is_active=False)
        except Conflict as error:
            logger.warning("user %s stays enabled: %s", user_id, error.message)


@dramatiq.actor(queue_name="default", max_retries=0)
def end_support() -> None:
    """End the support accesses whose time is over; the scheduler calls this every minute."""
    for domain_id in Domain.objects.values_list("pk", flat=True):
        with domain_scope(domain_id):
            support.end_expired()
