"""API keys: made, recognised, replaced."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from tenants import audit, clock
from tenants.models import ApiKey, User
from tenants.scoping import current_domain_id
from tenants.secrets import digest, new_secret

NOTE_USE_EVERY = timedelta(minutes=1)


@transaction.atomic
def add_key(
    *, acting_user: User | None, title: str = "", user: User | None = None, secret: str | None = None
) -> tuple[ApiKey, str]:
    """Make a key for a user, or the ISP's system key when there is none. The text is returned once and never again."""
    text = secret or new_secret()
    row = ApiKey(domain_id=current_domain_id(), user=user, title=title, prefix=text[:4], digest=digest(text))
    row.save()
    audit.created(row, acting_user=acting_user)
    return row, text


def find_key(text: str) -> ApiKey | None:
    """The key that was shown, if it is one of this ISP's; its use is noted at most once a minute."""
    row: ApiKey | None = ApiKey.objects.select_related("user").filter(digest=digest(text)).first()
    now = clock.now()
    if row and (row.last_used_at is None or now - row.last_used_at > NOTE_USE_EVERY):
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


@transaction.atomic
def delete_key(key: ApiKey, *, acting_user: User | None) -> None:
    """End a key at once."""
    audit.deleted(key, acting_user=acting_user)
    key.delete()
