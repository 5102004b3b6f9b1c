"""Sessions at the installation's address: rows of their own, so that an ISP's session is nobody here and the other way
round, although the cookie has the same name on both hosts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from tenants import clock
from tenants.audit import current_origin
from tenants.models import SuperAdministrator, SuperSession
from tenants.secrets import digest

LASTS, IDLE = timedelta(hours=12), timedelta(hours=1)
UNKNOWN_LASTS = timedelta(minutes=20)
TOUCH_EVERY = timedelta(minutes=1)
WHO = "administrator"


class SuperSessionStore(SessionBase):
    """Django's session interface over SuperSession; needs the installation's scope."""

    administrator: SuperAdministrator | None = None

    def load(self) -> dict[str, Any]:
        now = clock.now()
        row = (
            SuperSession.objects.select_related("administrator")
            .filter(digest=digest(self.session_key or ""), expires_at__gt=now)
            .first()
        )
        if row is None:
            self._session_key = None
            return {}
        if row.administrator is not None and row.administrator.is_active:
            self.administrator = row.administrator
        if now - row.last_seen_at > TOUCH_EVERY and row.administrator_id is not None:
            SuperSession.objects.filter(pk=row.pk).update(
                last_seen_at=now, expires_at=min(row.created_at + LASTS, now + IDLE)
            )
        return self.decode(row.data)

    def exists(self, session_key: str) -> bool:
        return SuperSession.objects.filter(digest=digest(session_key)).exists()

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
        key, who = digest(self.session_key), data.get(WHO)
        values = {"data": self.encode(data), "administrator_id": who}
        if must_create:
            self._insert(key, values)
        elif not SuperSession.objects.filter(digest=key).update(**values):
            raise UpdateError

    def _insert(self, key: str, values: dict[str, Any]) -> None:
        now, origin = clock.now(), current_origin()
        lasts = IDLE if values["administrator_id"] is not None else UNKNOWN_LASTS
        try:
            with transaction.atomic():
                SuperSession.objects.create(
                    digest=key,
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + lasts,
                    ip=origin.ip,
                    user_agent=origin.user_agent[:300],
                    **values,
                )
        except IntegrityError as error:
            raise CreateError from error

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            SuperSession.objects.filter(digest=digest(key)).delete()

    def get_session_cookie_age(self) -> int:
        return int(LASTS.total_seconds())

    @classmethod
    def clear_expired(cls) -> None:
        SuperSession.objects.filter(expires_at__lte=clock.now()).delete()


class HostSessionMiddleware(SessionMiddleware):
    """Django's, with the store that belongs to the host."""

    def process_request(self, request: HttpRequest) -> None:
        if getattr(request, "is_installation", False):
            key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
            request.session = SuperSessionStore(key)
        else:
            super().process_request(request)


def sign_in(request: Any, administrator: SuperAdministrator) -> None:
    """Open a session with a key of its own."""
    request.session.flush()
    request.session[WHO] = administrator.pk
    request.session.cycle_key()


def administrator_of(request: Any) -> SuperAdministrator | None:
    """Who is signed in at the installation's address."""
    if not getattr(request, "is_installation", False):
        return None
    store = request.session
    store.get(WHO)  # loads the row
    found: SuperAdministrator | None = store.administrator
    return found if found is not None and store.get(WHO) == found.pk else None
