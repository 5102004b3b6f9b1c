"""API keys: made, limited, recognised, ended (item 314)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock, networks
from tenants.errors import Forbidden, Invalid, Unauthenticated
from tenants.models import ApiKey, User
from tenants.scoping import current_domain_id
from tenants.secrets import digest, new_secret
from tenants.services import support
from tenants.services.validation import assign, check

NOTE_USE_EVERY = timedelta(minutes=1)
FIELDS = frozenset({"title", "rights", "networks", "expires_at"})
MOST_NETWORKS = 50


class KeyExpired(Unauthenticated):
    """The key was right until its last day."""

    code = "apikey_expired"


class KeyElsewhere(Forbidden):
    """The key is right, and not from this address."""


@transaction.atomic
def add_key(
    *, acting_user: User | None, title: str = "", user: User | None = None, secret: str | None = None, **limits: Any
) -> tuple[ApiKey, str]:
    """Make a key for a user, or the ISP's system key when there is none. The text is returned once and never again.

    `limits`: `rights` (of ApiKey.Right), `networks` (texts like 10.0.0.0/8) and `expires_at`; empty is no limit.
    Whoever came by a limited key makes no key that may more.
    """
    support.require_no_lasting_access(acting_user)
    text = secret or new_secret()
    row = ApiKey(domain_id=current_domain_id(), user=user, prefix=text[:4], digest=digest(text))
    _limit(row, {"title": title, **limits})
    row.save()
    audit.created(row, acting_user=acting_user)
    return row, text


@transaction.atomic
def change_key(key: ApiKey, *, acting_user: User | None, **values: Any) -> ApiKey:
    """Change a key's title and limits; whoever uses it feels it at once."""
    support.require_no_lasting_access(acting_user)
    before = audit.snapshot(key)
    _limit(key, values)
    key.save()
    audit.changed(key, before, acting_user=acting_user)
    return key


def _limit(row: ApiKey, values: dict[str, Any]) -> None:
    _require_within(row.rights if row.pk else None)
    if "rights" in values:
        values["rights"] = known_rights(values["rights"])
    if "networks" in values:
        values["networks"] = known_networks(values["networks"])
    assign(row, values, FIELDS)
    if "expires_at" in values and row.expires_at is not None and row.expires_at <= clock.now():
        raise Invalid(_("This day is over."), field="expires_at")
    _require_within(row.rights)
    check(row)


def _require_within(rights: list[str] | None) -> None:
    """A limited key neither makes nor touches a key that may more than itself."""
    held = audit.current_origin().rights
    if held and rights is not None and (not rights or not set(rights) <= set(held)):
        raise Forbidden(_("A key gives no rights that it does not have."), field="rights")


def known_rights(rights: Iterable[str]) -> list[str]:
    """The rights in the order of ApiKey.Right; raises Invalid for a word that is none."""
    wanted = set(rights)
    unknown = wanted - set(ApiKey.Right.values)
    if unknown:
        raise Invalid(_("There is no right %(name)s.") % {"name": sorted(unknown)[0][:40]}, field="rights")
    return [right for right in ApiKey.Right.values if right in wanted]


def known_networks(texts: Iterable[str]) -> list[str]:
    """Networks as they are written; raises Invalid for what is neither an address nor a network."""
    try:
        found = [str(network) for text in texts for network in networks.parse(text)]
    except ValueError as error:
        raise Invalid(_("Write addresses and networks: 192.0.2.7, 10.0.0.0/8."), field="networks") from error
    if len(found) > MOST_NETWORKS:
        raise Invalid(_("A key has at most %(n)s networks.") % {"n": MOST_NETWORKS}, field="networks")
    return found


def find_key(text: str) -> ApiKey | None:
    """The key that was shown, if it is one of this ISP's; its use is noted at most once a minute.

    Raises KeyExpired, and KeyElsewhere for an address outside its networks. From here on the request acts within the
    key's rights (see `tenants.audit.Origin`).
    """
    row: ApiKey | None = ApiKey.objects.select_related("user").filter(digest=digest(text)).first()
    if row is None:
        return None
    now, ip = clock.now(), audit.current_origin().ip
    if row.expires_at is not None and row.expires_at <= now:
        raise KeyExpired(_("The API key has expired."))
    if not networks.holds(" ".join(row.networks), ip):
        raise KeyElsewhere(_("The API key may not be used from this address."))
    if row.last_used_at is None or now - row.last_used_at > NOTE_USE_EVERY:
        _note_use(row, now, ip)
    audit.refine(via=f"key {row.pk} {row}", rights=tuple(row.rights))
    return row


def _note_use(row: ApiKey, now: datetime, ip: str | None) -> None:
    """Of many requests at once, one notes it; the others do not wait for its end."""
    free = ApiKey.objects.select_for_update(skip_locked=True).filter(pk=row.pk)
    ApiKey.objects.filter(pk__in=free.values("pk")).update(last_used_at=now, last_used_ip=ip)


@transaction.atomic
def delete_key(key: ApiKey, *, acting_user: User | None) -> None:
    """End a key at once, and the playback tokens made with it."""
    _require_within(key.rights)
    audit.deleted(key, acting_user=acting_user)
    key.delete()
