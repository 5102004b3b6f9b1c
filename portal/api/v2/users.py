"""Users (items 60-64, 76, 185)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NotRequired, TypedDict

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices.services import people
from portal.api import paging
from portal.api.proof import require_proof
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.grants import GrantShape, grants_of
from portal.api.v2.shapes import LastChange, last_changes
from portal.api.v2.views import DONE, Asked, Fields, Identifier, Number, Text, Truth, V2View, wanted
from tenants import access, words
from tenants.errors import Forbidden, Invalid
from tenants.models import ApiKey, Membership, Organization, User, UserWord
from tenants.services import keys, users


class UserShape(TypedDict):
    """A user. `apikey` is the beginning of the key, the whole of it only in the answer that set it."""

    id: int
    domain_id: int
    login: str
    name: str | None
    email: str | None
    phone: str | None
    note: str | None
    notification_email: str | None
    locale: str
    external_id: str | None
    apikey: str | None
    authorized_ip: str | None
    enabled: bool
    readonly: bool
    monitoring: bool
    is_admin: bool
    is_accountant: bool
    can_view_organizations: bool
    can_edit_organizations: bool
    can_edit_settings: bool
    max_sessions: int | None
    organizations: list[int]
    last_change: LastChange | None
    folders_permissions: NotRequired[list[GrantShape]]


class UserFields(Fields):
    """What may be set on a user. Passwords of any strength are taken: a CRM imports them as they are."""

    login = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, required=False, trim_whitespace=False, write_only=True)
    organization_id = Identifier(help_text="the default organization if absent")
    name = Text(max_length=200)
    email = Text(max_length=254)
    phone = Text(max_length=64)
    note = Text()
    notification_email = Text(max_length=254)
    locale = Text(max_length=10)
    external_id = Text(max_length=128)
    apikey = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=200)
    authorized_ip = Text(max_length=256)
    enabled = Truth()
    readonly = Truth()
    monitoring = Truth()
    is_admin = Truth()
    is_accountant = Truth()
    can_view_organizations = Truth()
    can_edit_organizations = Truth()
    can_edit_settings = Truth()
    max_sessions = Number(allow_null=True)


OURS = {"enabled": "is_active", "readonly": "is_readonly", "monitoring": "is_monitoring"}
# What people may set on themselves, and an organization's editor of users on those he adds (items 66, 78).
OWN = frozenset({"login", "password", "name", "email", "phone", "notification_email", "locale"})
LEAST_KEY = 16  # characters


def user_shapes(user: User, rows: Iterable[User]) -> list[UserShape]:
    """Users as one user may see them; whatever the number of rows, the same few queries."""
    found = list(rows)
    ids = [row.pk for row in found]
    homes, prefixes = _homes(user, ids), _prefixes(ids)
    changes = last_changes(user, "User", ids)
    return [_shape(row, sorted(homes[row.pk]), prefixes.get(row.pk), changes.get(row.pk)) for row in found]


def _homes(user: User, ids: list[int]) -> dict[int, set[int]]:
    """The organizations of each user, among those the caller may see."""
    known = access.visible_organizations(user).values("pk")
    homes: dict[int, set[int]] = defaultdict(set)
    for owner, organization in Organization.objects.filter(owner__in=ids, pk__in=known).values_list("owner", "pk"):
        homes[owner].add(organization)
    rows = Membership.objects.filter(user__in=ids, organization__in=known).values_list("user", "organization")
    for member, organization in rows:
        homes[member].add(organization)
    return homes


def _prefixes(ids: list[int]) -> dict[int, str]:
    rows = ApiKey.objects.filter(user__in=ids).order_by("id").values_list("user", "prefix")
    return {user_id: f"{prefix}…" for user_id, prefix in rows}


def _shape(row: User, homes: list[int], apikey: str | None, change: LastChange | None) -> UserShape:
    return {
        "id": row.pk,
        "domain_id": row.domain_id,
        "login": row.login,
        "name": row.name or None,
        "email": row.email or None,
        "phone": row.phone or None,
        "note": row.note or None,
        "notification_email": row.notification_email or None,
        "locale": row.locale,
        "external_id": row.external_id or None,
        "apikey": apikey,
        "authorized_ip": row.authorized_ip or None,
        "enabled": row.is_active,
        "readonly": row.is_readonly,
        "monitoring": row.is_monitoring,
        "is_admin": row.is_admin,
        "is_accountant": row.is_accountant,
        "can_view_organizations": row.can_view_organizations,
        "can_edit_organizations": row.can_edit_organizations,
        "can_edit_settings": row.can_edit_settings,
        "max_sessions": row.max_sessions,
        "organizations": homes,
        "last_change": change,
    }


def _answer(asking: User, row: User, *, apikey: str | None = None, with_grants: bool = False) -> Response:
    shape = user_shapes(asking, [row])[0]
    if apikey:
        shape["apikey"] = apikey
    if with_grants:
        shape["folders_permissions"] = grants_of(asking, row)
    return Response(shape)


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields under the service's names; the key goes its own way."""
    return {OURS.get(name, name): value for name, value in fields.items() if name not in {"apikey", "organization_id"}}


def _refuse_more_than(allowed: frozenset[str], values: dict[str, Any], row: User) -> None:
    """Whoever is no administrator changes `allowed` only; what is sent as it stands is no change."""
    for name, value in values.items():
        if name not in allowed and value != getattr(row, name, None):
            raise Forbidden(_("Only an administrator may set this."), field=name)


def _only(allowed: frozenset[str], values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in allowed}


def _new_key(fields: dict[str, Any]) -> str:
    """The key that is to be made; one that is sent as it was shown is no new one."""
    sent = fields.get("apikey") or ""
    return "" if sent.endswith("…") else sent


def _set_key(row: User, fields: dict[str, Any], acting_user: User) -> str | None:
    """Give the user the key that was sent, in place of the one he had; empty takes it away. Returns a new key."""
    sent = _new_key(fields)
    if "apikey" not in fields or (fields["apikey"] and not sent):
        return None
    if sent and len(sent) < LEAST_KEY:
        raise Invalid(_("A key has at least %(n)s characters.") % {"n": LEAST_KEY}, field="apikey")
    for key in ApiKey.objects.filter(user=row, title=""):
        keys.delete_key(key, acting_user=acting_user)
    return keys.add_key(acting_user=acting_user, user=row, secret=sent)[1] if sent else None


class UsersView(V2View):
    """`/users`."""

    noun = "users"

    @answers(
        list[UserShape],
        query={"search": "words of the login, name, e-mail or external id; beginnings will do"},
        says="Users the caller may see",
        name="users_list",
    )
    def get(self, request: Asked) -> Response:
        user = request.user
        rows = words.search(access.visible_users(user), UserWord, "user", wanted(request, "search"))
        return paging.long_list(request, rows, ["id"], lambda found: user_shapes(user, found))

    @answers(UserShape, fields=UserFields, says="Add a user", name="users_add")
    def post(self, request: Asked) -> Response:
        fields, acting = UserFields.read(request), request.user
        values, organization = _values(fields), _organization(acting, fields)
        if not acting.is_admin:
            _refuse_more_than(OWN, values, User())
            values, fields = _only(OWN, values), _only(OWN, fields)
        row = users.add_user(
            acting_user=acting, organization=organization, strict_password=not acting.is_admin, **values
        )
        return _answer(acting, row, apikey=_set_key(row, fields, acting))


def _organization(acting: User, fields: dict[str, Any]) -> Organization | None:
    """Where the new user goes; who is no administrator adds only to organizations whose users he edits."""
    organization_id = fields.get("organization_id")
    if organization_id:
        return access.organization_for(acting, organization_id, "view" if acting.is_admin else "edit_users")
    access.require_admin(acting)
    return None


class UserView(V2View):
    """`/users/{id}`."""

    noun = "users"

    @answers(
        UserShape, query={"fields": "folders_permissions: rights in folders too"}, says="One user", name="users_one"
    )
    def get(self, request: Asked, user_id: str) -> Response:
        with_grants = "folders_permissions" in wanted(request, "fields").split(",")
        return _answer(request.user, access.user_for(request.user, user_id), with_grants=with_grants)

    @answers(UserShape, fields=UserFields, says="Change what is sent of a user", name="users_change")
    def put(self, request: Asked, user_id: str) -> Response:
        return _change(request, access.user_for(request.user, user_id))

    @answers(DONE_SCHEMA, says="Delete a user", name="users_delete")
    def delete(self, request: Asked, user_id: str) -> Response:
        row = access.user_for(request.user, user_id)
        access.require_admin(request.user)
        users.delete_user(row, acting_user=request.user)
        return Response(DONE)


def _require_self(acting: User, row: User) -> None:
    if acting.pk != row.pk or acting.is_readonly:
        raise Forbidden(_("Only an administrator may change other users."))


def _change(request: Asked, row: User) -> Response:
    """Change what is sent of a user: anything for an administrator, else only what people set on themselves."""
    acting = request.user
    fields = UserFields.read(request, partial=True)
    values = _values(fields)
    if not acting.is_admin:
        _require_self(acting, row)
        _refuse_more_than(OWN, values, row)
        values = _only(OWN, values)
    if acting.pk == row.pk and (values.get("password") or _new_key(fields)):
        require_proof(request)
    row = users.change_user(row, acting_user=acting, strict_password=not acting.is_admin, **values)
    return _answer(acting, row, apikey=_set_key(row, fields, acting))


def _myself(request: Asked) -> User:
    if request.user.is_system:
        raise Forbidden(_("A system key has no profile; name a user with x-vsaas-user."))
    return access.user_for(request.user, request.user.pk)


class ProfileView(V2View):
    """`/profile`: the caller himself (item 78)."""

    noun = "users"

    @answers(UserShape, says="Who the caller is", name="profile_one")
    def get(self, request: Asked) -> Response:
        return _answer(request.user, _myself(request))

    @answers(UserShape, fields=UserFields, says="Change what is sent of the caller", name="profile_change")
    def put(self, request: Asked) -> Response:
        return _change(request, _myself(request))


class MergeFields(Fields):
    """The other account of the same person: its rights pass on, it is deleted."""

    user_id = Identifier(required=True)


class UserMergeView(V2View):
    """`/users/{id}/merge`."""

    noun = "users"

    @answers(UserShape, fields=MergeFields, says="Unite two accounts of one person", name="users_merge")
    def post(self, request: Asked, user_id: str) -> Response:
        kept = access.user_for(request.user, user_id)
        access.require_admin(request.user)
        gone = access.user_for(request.user, MergeFields.read(request)["user_id"])
        return _answer(request.user, people.merge_users(kept, gone, acting_user=request.user))
