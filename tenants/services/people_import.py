"""Taking in users from another system's list (manual 6.1.3; item 186)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tenants import access
from tenants.errors import Invalid
from tenants.models import Membership, Organization, User
from tenants.services import imports, memberships, users
from tenants.services.imports import Effect, Outcome
from tenants.services.users import Hashed
from tenants.tables import Line

TEXTS = ("email", "note", "name", "phone", "notification_email", "locale", "external_id", "authorized_ip")
SWITCHES = {
    "is_active": "is_active",
    "enabled": "is_active",
    "is_admin": "is_admin",
    "is_readonly": "is_readonly",
    "readonly": "is_readonly",
}
LEAST_PASSWORD = 5
HASHERS = max(1, min(4, os.cpu_count() or 1))  # argon2 lets go of the interpreter; each hash takes 19 MiB


def import_users(lines: Iterable[Line], *, acting_user: User) -> Outcome:
    """Add, change and (where the column `is_deleted` says so) remove users, each told apart by his login.

    What a line does not say stays as it is; a list that was taken in already changes nothing. New users without
    `organization_id` land in the default organization. Administrators only.
    """
    access.require_admin(acting_user)
    return imports.run(lines, begin=lambda chunk: _Chunk(chunk, acting_user).work)


class _Chunk:
    """Some hundred lines, with the users and the passwords they speak of."""

    def __init__(self, lines: list[Line], acting_user: User) -> None:
        self.acting_user = acting_user
        logins = {str(line.values.get("login", "")).strip().lower() for line in lines}
        rows = User.objects.annotate(lower=Lower("login")).filter(lower__in=logins)
        self.known: dict[str, User] = {row.login.lower(): row for row in rows}
        self.passwords = self._passwords(lines)
        self.organizations: dict[int, Organization] = {}

    def _passwords(self, lines: list[Line]) -> dict[int, Hashed | None]:
        """By line number: a new hash, or None where the user has this password already."""
        said = [(line, line.values["password"]) for line in lines if _is_password(line.values.get("password"))]
        kept = {line.number: self.known.get(str(line.values.get("login", "")).strip().lower()) for line, _said in said}

        def one(item: tuple[Line, str]) -> tuple[int, Hashed | None]:
            line, password = item
            user = kept[line.number]
            same = user is not None and check_password(password, user.password)
            return line.number, None if same else Hashed(make_password(password))

        with ThreadPoolExecutor(HASHERS) as pool:
            return dict(pool.map(one, said))

    def work(self, line: Line) -> Effect:
        """Do one line."""
        values = line.values
        login = imports.text_of(values.get("login", ""), "login")
        if not login:
            raise Invalid(_("A login is needed."), field="login")
        user = self.known.get(login.lower())
        if "is_deleted" in values and imports.switch(values["is_deleted"], "is_deleted"):
            return self._remove(user)
        wanted = _wanted(values)
        organization = self._organization(values)
        if user is None:
            password = self.passwords.get(line.number)
            self.known[login.lower()] = users.add_user(
                acting_user=self.acting_user, login=login, password=password, organization=organization, **wanted
            )
            return Effect.CREATED
        changed = self._change(user, line, wanted)
        joined = self._join(user, organization)
        return Effect.UPDATED if changed or joined else Effect.NONE

    def _remove(self, user: User | None) -> Effect:
        if user is None:
            return Effect.NONE
        users.delete_user(user, acting_user=self.acting_user)
        del self.known[user.login.lower()]
        return Effect.DELETED

    def _change(self, user: User, line: Line, wanted: dict[str, Any]) -> bool:
        different = {name: value for name, value in wanted.items() if getattr(user, name) != value}
        password = self.passwords.get(line.number)
        if password is not None:
            different["password"] = password
        if not different:
            return False
        before = {name: getattr(user, name) for name in (*wanted, "password")}
        try:
            users.change_user(user, acting_user=self.acting_user, **different)
        except Exception:
            for name, value in before.items():  # the row is looked at again if the chunk is done line by line
                setattr(user, name, value)
            raise
        return True

    def _organization(self, values: dict[str, Any]) -> Organization | None:
        if "organization_id" not in values:
            return None
        number = access.as_id(values["organization_id"])
        if number not in self.organizations:
            self.organizations[number] = access.organization_for(self.acting_user, number)
        return self.organizations[number]

    def _join(self, user: User, organization: Organization | None) -> bool:
        if organization is None or Membership.objects.filter(organization=organization, user=user).exists():
            return False
        memberships.add_member(organization, acting_user=self.acting_user, user=user)
        return True


def _is_password(value: object) -> bool:
    return isinstance(value, str) and len(value) >= LEAST_PASSWORD


def _wanted(values: dict[str, Any]) -> dict[str, Any]:
    """What a line says about a user, under the model's names."""
    if "password" in values and not _is_password(values["password"]):
        raise Invalid(_("A password has at least five characters."), field="password")
    texts = {name: imports.text_of(values[name], name) for name in TEXTS if name in values}
    flags = {ours: imports.switch(values[name], name) for name, ours in SWITCHES.items() if name in values}
    if flags.get("is_admin"):
        flags["is_readonly"] = False  # an administrator is never read only (item 61)
    return {**texts, **flags}
