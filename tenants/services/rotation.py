"""Changing the key of encrypted fields while the portal runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial

from django.apps import apps
from django.db import models, transaction

from tenants import encryption, keys
from tenants.installation import installation_scope
from tenants.models import Domain
from tenants.scoping import ScopedModel, domain_scope

BATCH = 500
Scope = Callable[[], AbstractContextManager[None]]


def rotate() -> tuple[str, int]:
    """Make a new field key and re-encrypt every secret with it; returns the key's id and how many were rewritten.

    New values use the new key from the first moment, old ones open with theirs until they are rewritten; a run that
    was cut short is finished by the next one. Old keys stay: backups need them.
    """
    key_id = keys.add_field_key()
    return key_id, reencrypt()


def reencrypt() -> int:
    """Rewrite every secret that was not made with the current key."""
    rewritten = 0
    for model, fields in _models():
        if issubclass(model, ScopedModel):
            for domain in Domain.objects.all():
                rewritten += _reencrypt_model(partial(domain_scope, domain), model, fields)
        else:
            rewritten += _reencrypt_model(installation_scope, model, fields)
    return rewritten


def _models() -> Iterator[tuple[type[models.Model], list[str]]]:
    for model in apps.get_models():
        fields = [field.name for field in model._meta.local_fields if isinstance(field, encryption.EncryptedTextField)]
        if fields:
            yield model, fields


def _reencrypt_model(scope: Scope, model: type[models.Model], fields: list[str]) -> int:
    with scope():
        ids = list(model._default_manager.values_list("pk", flat=True))
    rewritten = 0
    for start in range(0, len(ids), BATCH):
        with scope(), transaction.atomic():
            rows = model._default_manager.select_for_update().filter(pk__in=ids[start : start + BATCH])
            rewritten += sum(_reencrypt_row(row, fields) for row in rows)
    return rewritten


def _reencrypt_row(row: models.Model, fields: list[str]) -> int:
    current, _key = keys.current_field_key()
    stale = [name for name in fields if getattr(row, name) and encryption.key_id_of(getattr(row, name)) != current]
    for name in stale:
        context = encryption.context_of(row, name)
        setattr(row, name, encryption.encrypt(encryption.decrypt(getattr(row, name), context=context), context=context))
    if stale:
        row.save(update_fields=stale)
    return len(stale)
