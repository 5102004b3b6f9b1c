"""Messages between people of one ISP (items 79, 217).

Who reads a message is worked out when somebody looks: he himself, everybody of an organization he belongs to, or
everybody at the ISP who was there when it was written. Who has access to the user list may write: an administrator to
anybody, others to the people and the organizations whose users they edit.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from tenants import access, audit, clock
from tenants.broadcast import notify_messages
from tenants.errors import Forbidden, Missing
from tenants.models import Membership, Message, MessageReading, Organization, User
from tenants.rights import positional
from tenants.scoping import current_domain_id
from tenants.services.validation import assign, check

FIELDS = frozenset({"title", "body", "type", "is_push", "is_dashboard"})
BADGE_AT_MOST = 100
BANNERS_AT_MOST = 3
TOLD_AT_MOST = 500  # members named in one notice; more are told as everybody, who then look for themselves


def can_send(user: User) -> bool:
    """Whether somebody may write messages: who has access to the user list (item 79), unless he may only read."""
    if user.is_readonly:
        return False
    return user.is_admin or bool(edited_organizations(user).exists())


def edited_organizations(user: User) -> QuerySet[Organization]:
    """The organizations to all of whose people somebody may write."""
    return access.organizations_where(user, "edit_users")


# Every page asks what is unread, so it is one statement in words: to put it together from parts took Django longer
# than the rest of many a page. `seen` says which readings put a message away.
RECEIVED = """
SELECT m.id FROM tenants_message m
WHERE m.domain_id = %(domain)s
    AND (m.user_id = %(user)s OR m.user_id IS NULL AND (
        m.organization_id IS NULL AND m.created_at >= %(since)s
        OR m.organization_id IN (
            SELECT organization_id FROM tenants_membership WHERE domain_id = %(domain)s AND user_id = %(user)s
            UNION ALL
            SELECT id FROM tenants_organization
            WHERE domain_id = %(domain)s AND owner_id = %(user)s AND deleted_at IS NULL)))
    AND NOT EXISTS (
        SELECT FROM tenants_messagereading r
        WHERE r.domain_id = %(domain)s AND r.message_id = m.id AND r.user_id = %(user)s AND {seen})
"""
KEPT = RECEIVED.format(seen="r.is_removed")
UNREAD = RECEIVED.format(seen="(r.is_removed OR r.was_read)") + "AND m.sender_id IS DISTINCT FROM %(user)s"


def _among(sql: str, user: User) -> QuerySet[Message, Message]:
    asked = {"domain": user.domain_id, "user": user.pk, "since": user.created_at}
    rows: QuerySet[Message, Message] = Message.objects.filter(pk__in=RawSQL(*positional(sql, asked)))  # noqa: S611 - parameters stay parameters
    return rows


def _received(user: User) -> QuerySet[Message, Message]:
    """What is meant for somebody and not put away."""
    return _among(KEPT, user)


def inbox(user: User) -> QuerySet[Message, Message]:
    """What somebody was written, newest first; each row knows whether he read it (`was_read`)."""
    return _with_reading(_received(user), user).order_by("-id")


def sent(user: User) -> QuerySet[Message, Message]:
    """What somebody wrote, newest first."""
    rows: QuerySet[Message, Message] = Message.objects.filter(sender=user)
    return _with_reading(rows, user).order_by("-id")


def known(user: User) -> QuerySet[Message, Message]:
    """All a person may see: what he was written and what he wrote; for the ISP's system key, all there is."""
    if user.is_system:
        everything: QuerySet[Message, Message] = Message.objects.all()
        return _with_reading(everything, user)
    rows: QuerySet[Message, Message] = Message.objects.filter(Q(sender=user) | Q(pk__in=_received(user).values("pk")))
    return _with_reading(rows, user)


def _with_reading(rows: QuerySet[Message, Message], user: User) -> QuerySet[Message, Message]:
    reading = MessageReading.objects.filter(message=OuterRef("pk"), user=user).values("was_read")
    return rows.annotate(was_read=Coalesce(Subquery(reading[:1]), False))


def unread(user: User) -> QuerySet[Message, Message]:
    """What somebody was written by others and has not read, newest first."""
    return _among(UNREAD, user).order_by("-id")


def unread_count(user: User) -> int:
    """How many that are, never more than BADGE_AT_MOST."""
    return 0 if user.is_system else unread(user)[:BADGE_AT_MOST].count()


def news_for(user: User) -> list[Message]:
    """What a page needs for its badge and its banners, in one query."""
    if user.is_system:
        return []
    fields = ("id", "domain_id", "title", "body", "type", "is_dashboard", "is_push", "created_at", "sender_login")
    return list(unread(user).only(*fields)[:BADGE_AT_MOST])


def message_for(user: User, message_id: Any) -> Message:
    """One message somebody wrote or was written; else Missing."""
    row = known(user).filter(pk=access.as_id(message_id)).first()
    if row is None:
        raise Missing(_("There is no such message."))
    return row


@transaction.atomic
def send(
    *, acting_user: User, user: User | None = None, organization: Organization | None = None, **values: Any
) -> Message:
    """Write to a person, to everybody of an organization, or (neither is named) to everybody at the ISP."""
    _require_may_write(acting_user, user, organization)
    now = clock.now()
    row = Message(
        domain_id=current_domain_id(),
        user=user,
        organization=None if user else organization,
        sender=None if acting_user.is_system else acting_user,
        sender_login=acting_user.login,
        created_at=now,
    )
    assign(row, values, FIELDS)
    check(row)
    row.save()
    audit.created(row, acting_user=acting_user)
    _tell(row)
    return row


def tell(user: User, *, sender: str, title: str, body: str) -> Message:
    """A warning of the portal itself to one person, above his pages until he has read it. Nobody did anything: it is in
    no audit log."""
    row = Message(
        domain_id=current_domain_id(), user=user, sender_login=sender, created_at=clock.now(), title=title, body=body,
        type=Message.Type.WARNING, is_dashboard=True,
    )  # fmt: skip
    check(row)
    row.save()
    _tell(row)
    return row


def _require_may_write(sender: User, user: User | None, organization: Organization | None) -> None:
    if not can_send(sender):
        raise Forbidden(_("You may not write messages."))
    if sender.is_admin:
        return
    if user is not None:
        access.user_for(sender, user.pk)
    elif organization is None:
        raise Forbidden(_("Only an administrator writes to everybody."), field="organization_id")
    elif not edited_organizations(sender).filter(pk=organization.pk).exists():
        raise Forbidden(_("You may not write to this organization."), field="organization_id")


@transaction.atomic
def change(message: Message, *, acting_user: User, **values: Any) -> Message:
    """Change what somebody wrote himself, or any message by an administrator's hand."""
    _require_own(message, acting_user)
    before = audit.snapshot(message)
    assign(message, values, FIELDS)
    check(message)
    message.save()
    if audit.changed(message, before, acting_user=acting_user):
        _tell(message)
    return message


@transaction.atomic
def mark(message: Message, *, user: User, was_read: bool = True) -> None:
    """Note that somebody read a message, or wants to read it again."""
    _note(message, user, was_read=was_read)


def mark_all(user: User) -> int:
    """Note that somebody read everything he was written."""
    rows = list(unread(user)[:1000])
    for row in rows:
        mark(row, user=user)
    return len(rows)


@transaction.atomic
def remove(message: Message, *, acting_user: User) -> None:
    """Put a message away: who wrote it takes it back from everybody, others only out of their own sight."""
    if message.sender_id != acting_user.pk and not acting_user.is_system:
        _note(message, acting_user, was_read=True, is_removed=True)
        return
    _require_own(message, acting_user)
    audit.deleted(message, acting_user=acting_user)
    _tell(message)
    message.delete()


def _note(message: Message, user: User, **values: bool) -> None:
    if user.is_system:
        raise Forbidden(_("A system key reads no messages; name a user with x-vsaas-user."))
    wanted = {**values, "read_at": clock.now()}
    MessageReading.objects.update_or_create(
        message=message, user=user, defaults=wanted, create_defaults={**wanted, "domain_id": current_domain_id()}
    )
    notify_messages([user.pk])


def _require_own(message: Message, user: User) -> None:
    if user.is_readonly or not (user.is_admin or message.sender_id == user.pk):
        raise Forbidden(_("You may change only what you wrote yourself."))


def _tell(message: Message) -> None:
    """Let the pages that are open look at their messages again."""
    if message.user_id is not None:
        notify_messages([message.user_id])
    elif message.organization_id is not None:
        members = Membership.objects.filter(organization_id=message.organization_id).values_list("user_id", flat=True)
        owner = Organization.objects.filter(pk=message.organization_id).values_list("owner_id", flat=True)
        people = [one for one in {*members[: TOLD_AT_MOST + 1], *owner} if one is not None]
        notify_messages(people if len(people) <= TOLD_AT_MOST else None)
    else:
        notify_messages(None)
