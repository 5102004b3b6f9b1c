"""Sessions in the database: hashed keys, one row a sign-in, the oldest evicted beyond the limit (items 63, 64)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction

from tenants import clock
from tenants.audit import current_origin
from tenants.models import UserSession
from tenants.scoping import current_domain_id
from tenants.secrets import digest
from tenants.services import sessions

TOUCH_EVERY = timedelta(minutes=1)


class SessionStore(SessionBase):
    """Django's session interface over UserSession."""

    def _row(self) -> UserSession | None:
        found: UserSession | None = UserSession.objects.filter(
            digest=digest(self.session_key or ""), expires_at__gt=clock.now()
        ).first()
        return found

    def load(self) -> dict[str, Any]:
        row = self._row()
        if row is None:
            self._session_key = None
            return {}
        if clock.now() - row.last_seen_at > TOUCH_EVERY:
            UserSession.objects.filter(pk=row.pk).update(last_seen_at=clock.now())
        return self.decode(row.data)

    def exists(self, session_key: str) -> bool:
        return bool(UserSession.objects.filter(digest=digest(session_key)).exists())

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]  # unknown to the stubs
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # unknown to the stubs
        values = {"data": self.encode(data), "expires_at": self.get_expiry_date(modification=clock.now())}
        user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        if must_create:
            self._insert(user_id, values)
        elif not UserSession.objects.filter(digest=digest(self.session_key)).update(user_id=user_id, **values):
            raise UpdateError
        if user_id is not None:
            sessions.evict_oldest(user_id)

    def _insert(self, user_id: int | None, values: dict[str, Any]) -> None:
        origin = current_origin()
        now = clock.now()
        try:
            with transaction.atomic():
                UserSession.objects.create(
                    domain_id=current_domain_id(),
                    digest=digest(self.session_key or ""),
                    user_id=user_id,
                    created_at=now,
                    last_seen_at=now,
                    ip=origin.ip,
                    user_agent=origin.user_agent[:300],
                    **values,
                )
        except IntegrityError as error:
            raise CreateError from error

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            UserSession.objects.filter(digest=digest(key)).delete()

    def get_session_cookie_age(self) -> int:
        return int(settings.SESSION_COOKIE_AGE)

    @classmethod
    def clear_expired(cls) -> None:
        UserSession.objects.filter(expires_at__lte=clock.now()).delete()
