"""Rows have an owner, or there is an error.

Two walls stand between ISPs. Here is the first: a query outside a domain scope raises. The second is PostgreSQL's
row-level security (see `tenants/security.py`), keyed on the setting that `domain_scope` makes for its transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.db import connection, models, transaction

from tenants import current

if TYPE_CHECKING:
    from tenants.models import Domain

SETTING = "app.domain_id"

ModelT = TypeVar("ModelT", bound=models.Model)


class NoDomainScope(RuntimeError):
    """A tenant-owned table was asked for rows while no ISP was in scope: a bug, never an answer to a user."""


def current_domain_id() -> int:
    """The id of the ISP in scope; raises NoDomainScope when there is none."""
    domain_id = current.domain_id.get()
    if domain_id is None:
        raise NoDomainScope("no domain scope is open")
    return domain_id


def scoped_domain_id() -> int | None:
    """The id of the ISP in scope, or None."""
    return current.domain_id.get()


def _tell_database(domain_id: int | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, "" if domain_id is None else str(domain_id)])


@contextmanager
def domain_scope(domain: Domain | int) -> Iterator[None]:
    """Open one ISP's scope: a transaction in which only that ISP's rows exist.

    The setting is local to the transaction (a session-level one would leak through a pool to the next request), hence
    the scope always holds a transaction. Scopes nest; leaving one restores the outer one's setting.
    """
    domain_id = domain if isinstance(domain, int) else domain.pk
    before = current.domain_id.get()
    token = current.domain_id.set(domain_id)
    inside = connection.in_atomic_block
    try:
        with transaction.atomic():
            _tell_database(domain_id)
            yield
            # An outer transaction goes on after us: give its setting back. After an error the
            # savepoint's rollback restores it by itself, and the end of our own transaction forgets it.
            if inside and before != domain_id and not connection.needs_rollback:
                _tell_database(before)
    finally:
        current.domain_id.reset(token)


class ScopedQuerySet(models.QuerySet[ModelT]):
    """A queryset of one ISP's rows."""


class ScopedManager(models.Manager[ModelT]):
    """Gives the rows of the ISP in scope and raises NoDomainScope outside one."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[ModelT]:
        return super().get_queryset().filter(domain_id=current_domain_id())


class LivingManager(ScopedManager[ModelT]):
    """The same without the rows that were deleted softly (`deleted_at`): those are there for names and history only."""

    def get_queryset(self) -> models.QuerySet[ModelT]:
        return super().get_queryset().filter(deleted_at=None)


class ScopedForeignKey(models.ForeignKey[Any, Any]):
    """A reference between two tenant-owned rows.

    Django's own constraint would accept another ISP's row, because foreign keys bypass row-level security; so it is
    not made, and `SecureTables` adds a composite one over (domain_id, this column) instead.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


class ScopedOneToOneField(models.OneToOneField[Any, Any]):
    """The one-to-one form of ScopedForeignKey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        return name, path, args, kwargs


class ScopedModel(models.Model):
    """A row that belongs to one ISP."""

    domain = models.ForeignKey("tenants.Domain", on_delete=models.CASCADE, related_name="+", editable=False)
    domain_id: int

    objects: ClassVar[ScopedManager[Any]] = ScopedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        default_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.domain_id:  # a row made without naming its ISP belongs to the one in scope
            self.domain_id = current_domain_id()
        super().save(*args, **kwargs)
