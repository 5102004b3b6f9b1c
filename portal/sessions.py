"""Sessions in the database: hashed keys, one row a sign-in, the oldest evicted beyond the limit (items 63, 64).

A session ends when it was idle for as long as the ISP says, and at last when it is as old as the ISP says. Both are one
column, `expires_at`, moved on as the session is used: whoever else reads sessions (hooks, sockets) looks at that alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Least

from tenants import clock
from tenants.audit import current_origin
from tenants.models import UserSession
from tenants.scoping import current_domain_id
from tenants.secrets import digest
from tenants.services import sessions

TOUCH_EVERY = timedelta(minutes=1)
ENDS_AT = "ends_at"  # in a session's data: seconds since 1970; it ends then at the latest (auto-login)
UNKNOWN_LASTS = timedelta(minutes=20)  # a session of nobody: somebody between two steps of signing in


def _before_end(data: dict[str, Any], moment: Any) -> Any:
    """The moment, or the end that was set for this session, whichever comes first."""
    if ENDS_AT not in data:
        return moment
    end = datetime.fromtimestamp(data[ENDS_AT], UTC)
    return min(moment, end) if isinstance(moment, datetime) else Least(moment, Value(end))


def touch(row: UserSession) -> None:
    """Note, at most once a minute, that a session was used, and move its end on."""
    now = clock.now()
    if now - row.last_seen_at <= TOUCH_EVERY:
        return
    moved: dict[str, Any] = {"last_seen_at": now}
    if row.user_id is not None:
        lasts, idle = sessions.limits()
        data = SessionStore().decode(row.data)
        moved["expires_at"] = _before_end(data, Least(F("created_at") + lasts, now + idle))
    UserSession.objects.filter(pk=row.pk).update(**moved)


class SessionStore(SessionBase):
    """Django's session interface over UserSession."""

    began_at: float = 0.0  # when its user signed in, once it was read; seconds since 1970

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
        touch(row)
        self.began_at = row.created_at.timestamp()
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

    def cycle_key(self) -> None:
        # The old key goes first: with both, the oldest other session of the user would have to make room.
        data, old = self._session, self.session_key  # type: ignore[attr-defined]  # unknown to the stubs
        if old:
            self.delete(old)
        self.create()
        self._session_cache = data

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # unknown to the stubs
        user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        values = {"data": self.encode(data), "expires_at": _before_end(data, self._expiry(user_id, must_create))}
        if must_create:
            self._insert(user_id, values)
        elif not UserSession.objects.filter(digest=digest(self.session_key)).update(user_id=user_id, **values):
            raise UpdateError
        if user_id is not None:
            sessions.evict_oldest(user_id)

    def _expiry(self, user_id: int | None, is_new: bool) -> Any:
        now = clock.now()
        if user_id is None:
            return now + UNKNOWN_LASTS
        lasts, idle = sessions.limits()
        return now + min(lasts, idle) if is_new else Least(F("created_at") + lasts, now + idle)

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
        """The cookie lasts as long as a session can; whether it lives is decided here."""
        return int(sessions.limits()[0].total_seconds())

    @classmethod
    def clear_expired(cls) -> None:
        UserSession.objects.filter(expires_at__lte=clock.now()).delete()
