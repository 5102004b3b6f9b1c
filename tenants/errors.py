"""One error type per meaning. Services raise these; portal maps each to every dialect's envelope in one place."""

from collections.abc import Mapping


class PerchError(Exception):
    """The base of all errors that have an answer for the person who caused them."""

    code = "error"

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        super().__init__(message or self.code)
        self.message = message or self.code
        self.field = field


class Missing(PerchError):
    """It does not exist, or it is not yours: the answer is the same."""

    code = "not_found"


class Forbidden(PerchError):
    """It exists and you may see it, but you may not do this to it."""

    code = "forbidden"


class Unauthenticated(PerchError):
    """Nobody, or nobody we know, is asking."""

    code = "unauthenticated"


class SecondFactorNeeded(Unauthenticated):
    """The password is right, and more is needed: a code, a passkey, or setting one of them up.

    `user` is who knows the password. Whoever catches this opens no session for him.
    """

    code = "second_factor_needed"

    def __init__(self, message: str = "", *, user: object = None) -> None:
        super().__init__(message)
        self.user = user


class TooManyAttempts(PerchError):
    """Too many wrong answers; `retry_after` says in how many seconds the next one is looked at."""

    code = "too_many_attempts"

    def __init__(self, message: str = "", *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = max(1, retry_after)


class Invalid(PerchError):
    """The input cannot be accepted; `fields` says which part and why, in words of the person who typed it."""

    code = "validation_error"

    def __init__(self, message: str = "", *, field: str | None = None, fields: Mapping[str, list[str]] | None = None):
        super().__init__(message or "invalid input", field=field)
        self.fields: dict[str, list[str]] = dict(fields or {})
        if field and field not in self.fields:
            self.fields[field] = [self.message]


class Conflict(PerchError):
    """The state of things does not allow it now (not empty, already there, limit reached)."""

    code = "conflict"


class LimitReached(Conflict):
    """A quota sold to the organization is used up."""

    code = "limit_reached"


class Unavailable(PerchError):
    """A part we depend on does not answer; trying later may help."""

    code = "unavailable"
