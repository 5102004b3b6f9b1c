"""Proving oneself once more before an API makes what lets one in later: the pages' `prove`, for programs (T12).

A session that was opened within the last quarter of an hour is proof enough, and so is the ISP's own key. Whoever comes
by an older session, or by a key of his own, sends his password or a code of his second factor as `X-Proof`: a stolen
session becomes neither a key nor a new password.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from portal.doors import FRESH_SECONDS, PROVED_AT, check_proof
from portal.sessions import SessionStore
from tenants import clock
from tenants.errors import Forbidden
from tenants.models import UserSession
from tenants.secrets import digest

HEADER = "X-Proof"


def require_proof(request: Any) -> None:
    """Raise Forbidden unless the caller has shown, now or a moment ago, that it is he; Invalid for a wrong proof, and
    TooManyAttempts."""
    key = request.auth.key
    if key is not None and key.user_id is None:
        return
    if text := request.headers.get(HEADER, ""):
        check_proof(request.user, text)
    elif key is not None or not _is_fresh(request.auth):
        raise Forbidden(
            _("Prove that it is you: send your password or a code of yours as %(header)s, or sign in again.")
            % {"header": HEADER}
        )


def _is_fresh(proof: Any) -> bool:
    number = getattr(proof, "session_id", 0)
    known = {"pk": number} if number else {"digest": digest(proof.session_key)}
    row: UserSession | None = UserSession.objects.filter(**known).first()
    if row is None:
        return False
    proved_at = max(row.created_at.timestamp(), float(SessionStore().decode(row.data).get(PROVED_AT, 0)))
    return proved_at > clock.timestamp() - FRESH_SECONDS
