"""Users (items 60-64, 76): `/users`, their keys, and where they belong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, TypedDict

from django.db.models import BooleanField, Case, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Value, When
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.proof import require_proof
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import ChangeShape, NamedShape, changes_of
from portal.api.v3.views import Asked, Fields, Identifier, Number, Text, Truth, V3View, gone, one, utc_ms
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import ApiKey, Membership, Organization, User, UserWord
from tenants.services import keys, users
from tenants.words import finding


class UserShape(TypedDict):
    """A user; `name` is the login. `created_at` in ms."""

    id: int
    name: str
    fullname: str | None
    email: str | None
    phone: str | None
    note: str | None
    notification_email: str | None
    locale: str | None
    external_id: str | None
    authorized_ip: str | None
    disabled: bool
    readonly: bool
    monitoring: bool
    access_level: str
    is_accountant: bool
    can_view_organizations: bool
    can_edit_organizations: bool
    can_edit_settings: bool
    max_sessions: int | None
    organizations: list[NamedShape]
    created_at: int | None
    last_change: ChangeShape | None


class KeyShape(TypedDict):
    """An API key: the whole of it only in the answer that made it, later its first letters."""

    apikey: str


class UserFields(Fields):
    """What may be set on a user; `organization_id` says where a new one goes, the default organization if absent."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "fullname": "", "email": "", "phone": "", "note": "", "notification_email": "", "locale": "",
        "external_id": "", "authorized_ip": "", "disabled": False, "readonly": False, "monitoring": False,
        "access_level": "generic", "is_accountant": False, "can_view_organizations": False,
        "can_edit_organizations": False, "can_edit_settings": False, "max_sessions": None,
    }  # fmt: skip

    name = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=128, required=False, trim_whitespace=False, write_only=True)
    organization_id = Identifier()
    fullname = Text(max_length=200)
    email = Text(max_length=254)
    phone = Text(max_length=64)
    note = Text()
    notification_email = Text(max_length=254)
    locale = Text(max_length=10)
    external_id = Text(max_length=128)
    authorized_ip = Text(max_length=256)
    disabled = Truth()
    readonly = Truth()
    monitoring = Truth()
    access_level = serializers.ChoiceField(["generic", "admin"], required=False)
    is_accountant = Truth()
    can_view_organizations = Truth()
    can_edit_organizations = Truth()
    can_edit_settings = Truth()
    max_sessions = Number(allow_null=True)


OURS = {"name": "login", "fullname": "name", "readonly": "is_readonly", "monitoring": "is_monitoring"}
# What services call a field, and what the wire does: for the pointers of refusals.
NAMES = {
    "login": "name",
    "name": "fullname",
    "is_readonly": "readonly",
    "is_monitoring": "monitoring",
    "is_active": "disabled",
    "is_admin": "access_level",
}
# What people may set on themselves, and an organization's editor of users on those he adds (items 66, 78).
OWN = frozenset({"login", "password", "name", "email", "phone", "notification_email", "locale"})
DISABLED = ExpressionWrapper(Q(is_active=False), output_field=BooleanField())
LEVEL = Case(When(is_admin=True, then=Value("admin")), default=Value("generic"))

USERS = Collection(
    "users_list",
    (
        Column("id", "id", Kind.WHOLE),
        Column("name", "login"),
        Column("fullname", "name"),
        Column("email", "email"),
        Column("phone", "phone"),
        Column("external_id", "external_id"),
        Column("locale", "locale"),
        Column("disabled", DISABLED, Kind.TRUTH),
        Column("readonly", "is_readonly", Kind.TRUTH),
        Column("monitoring", "is_monitoring", Kind.TRUTH),
        Column("access_level", LEVEL),
        Column("is_accountant", "is_accountant", Kind.TRUTH),
        Column("can_view_organizations", "can_view_organizations", Kind.TRUTH),
        Column("can_edit_organizations", "can_edit_organizations", Kind.TRUTH),
        Column("can_edit_settings", "can_edit_settings", Kind.TRUTH),
        Column("max_sessions", "max_sessions", Kind.WHOLE, nullable=True),
        Column("created_at", "created_at", Kind.MOMENT),
    ),
    more=(("organization_id", "only those who own it or are members"),),
    finds=partial(finding, UserWord, "user"),
)
EXAMPLE = {
    "id": 17, "name": "ivanov", "fullname": "Ivan Ivanov", "email": "ivanov@domain.tld", "phone": None,
    "note": "user1", "notification_email": None, "locale": "en", "external_id": None, "authorized_ip": None,
    "disabled": False, "readonly": False, "monitoring": False, "access_level": "generic", "is_accountant": False,
    "can_view_organizations": False, "can_edit_organizations": False, "can_edit_settings": False,
    "max_sessions": None, "organizations": [{"id": 752, "title": "Harbour"}], "created_at": 1715105180000,
    "last_change": None,
}  # fmt: skip
SENT = {"name": "ivanov", "password": "CergitMig", "email": "ivanov@domain.tld", "note": "user1"}


def user_shapes(asking: User, rows: Iterable[User]) -> list[UserShape]:
    """Users as one user may see them; whatever the number of rows, the same few queries."""
    found = list(rows)
    homes = _homes(asking, [row.pk for row in found])
    changes = changes_of(asking, "User", [row.pk for row in found])
    return [_shape(row, homes[row.pk], changes.get(str(row.pk))) for row in found]


def _homes(asking: User, ids: list[int]) -> dict[int, list[NamedShape]]:
    """The organizations of each user, among those the caller may see."""
    known = access.visible_organizations(asking).values("pk")
    homes: dict[int, dict[int, str]] = defaultdict(dict)
    owned = Organization.objects.filter(owner__in=ids, pk__in=known).values_list("owner", "pk", "title")
    joined = Membership.objects.filter(user__in=ids, organization__in=known)
    for user_id, pk, title in [*owned, *joined.values_list("user", "organization", "organization__title")]:
        homes[user_id][pk] = title
    return {pk: [{"id": key, "title": title} for key, title in sorted(homes[pk].items())] for pk in ids}


def _shape(row: User, homes: list[NamedShape], change: ChangeShape | None) -> UserShape:
    return {
        "id": row.pk,
        "name": row.login,
        "fullname": row.name or None,
        "email": row.email or None,
        "phone": row.phone or None,
        "note": row.note or None,
        "notification_email": row.notification_email or None,
        "locale": row.locale or None,
        "external_id": row.external_id or None,
        "authorized_ip": row.authorized_ip or None,
        "disabled": not row.is_active,
        "readonly": row.is_readonly,
        "monitoring": row.is_monitoring,
        "access_level": "admin" if row.is_admin else "generic",
        "is_accountant": row.is_accountant,
        "can_view_organizations": row.can_view_organizations,
        "can_edit_organizations": row.can_edit_organizations,
        "can_edit_settings": row.can_edit_settings,
        "max_sessions": row.max_sessions,
        "organizations": homes,
        "created_at": utc_ms(row.created_at),
        "last_change": change,
    }


def values_of(fields: dict[str, Any]) -> dict[str, Any]:
    """What was sent, under the service's names."""
    values = {OURS.get(name, name): value for name, value in fields.items()}
    if "disabled" in values:
        values["is_active"] = not values.pop("disabled")
    if "access_level" in values:
        values["is_admin"] = values.pop("access_level") == "admin"
    values.pop("organization_id", None)
    return values


def only_own(values: dict[str, Any], row: User) -> dict[str, Any]:
    """What somebody who is no administrator may set; Forbidden for the rest, unless it is sent as it stands."""
    for name, value in values.items():
        if name not in OWN and value != getattr(row, name, None):
            raise Forbidden(_("Only an administrator may set this."), field=name)
    return {name: value for name, value in values.items() if name in OWN}


def require_self(asking: User, row: User) -> None:
    """Others are changed by administrators, and Read only changes nobody."""
    if asking.is_admin:
        return
    if asking.pk != row.pk or asking.is_readonly:
        raise Forbidden(_("Only an administrator may change other users."))


def change(asking: User, row: User, fields: dict[str, Any]) -> User:
    """Set what was sent on a user, as far as the caller may."""
    require_self(asking, row)
    values = values_of(fields)
    if not asking.is_admin:
        values = only_own(values, row)
    return users.change_user(row, acting_user=asking, strict_password=not asking.is_admin, **values)


def shown_key(row: User) -> Response:
    """The beginning of a user's key; 404 if he has none."""
    key: ApiKey | None = _own_keys(row).order_by("-id").first()
    if key is None:
        raise Missing(_("There is no API key."))
    return Response({"apikey": f"{key.prefix}…"})


def new_key(asking: User, row: User) -> Response:
    """A key in place of the one the user had from here; the whole text, this once."""
    end_key(asking, row)
    return Response({"apikey": keys.add_key(acting_user=asking, user=row)[1]}, status=201)


def end_key(asking: User, row: User) -> Response:
    """Take the user's key away. Keys with a title were made on purpose, elsewhere: they stay."""
    for key in _own_keys(row):
        keys.delete_key(key, acting_user=asking)
    return gone()


def _own_keys(row: User) -> QuerySet[ApiKey]:
    found: QuerySet[ApiKey] = ApiKey.objects.filter(user=row, title="")
    return found


class UsersView(V3View):
    """`/users`; the list stands under `users_list`, as in the reference."""

    noun = "users"
    names = NAMES

    @lists(UserShape, USERS, says="Users the caller may see", name="users_list")
    def get(self, request: Asked) -> Response:
        asking = request.user
        rows = access.visible_users(asking)
        if wanted := request.query_params.get("organization_id"):
            rows = rows.filter(_belongs_to(access.as_id(wanted)))
        return USERS.answer(request, rows, lambda found: user_shapes(asking, found))

    @answers(UserShape, fields=UserFields, status=201, says="Add a user", name="users_add", example=EXAMPLE, sent=SENT)
    def post(self, request: Asked) -> Response:
        fields, asking = UserFields.read(request), request.user
        organization = _organization(asking, fields.get("organization_id"))
        values = values_of(fields)
        if not asking.is_admin:
            values = only_own(values, User())
        row = users.add_user(
            acting_user=asking, organization=organization, strict_password=not asking.is_admin, **values
        )
        return one(request, user_shapes(asking, [row])[0], status=201)


def _belongs_to(organization_id: int) -> Any:
    owns = Organization.objects.filter(pk=organization_id, owner=OuterRef("pk"))
    joined = Membership.objects.filter(organization=organization_id, user=OuterRef("pk"))
    return Q(Exists(owns)) | Q(Exists(joined))


def _organization(asking: User, organization_id: Any) -> Organization | None:
    """Where the new user goes; who is no administrator adds only to organizations whose users he edits."""
    if organization_id:
        return access.organization_for(asking, organization_id, "view" if asking.is_admin else "edit_users")
    access.require_admin(asking)
    return None


class UserView(V3View):
    """`/users/{id}`."""

    noun = "users"
    names = NAMES

    @answers(UserShape, says="One user", name="users_one", example=EXAMPLE)
    def get(self, request: Asked, user_id: str) -> Response:
        row = access.user_for(request.user, user_id)
        return one(request, user_shapes(request.user, [row])[0])

    @answers(UserShape, fields=UserFields, says="Change what is sent of a user", name="users_save")
    def put(self, request: Asked, user_id: str) -> Response:
        fields, row = UserFields.read(request, partial=True), access.user_for(request.user, user_id)
        if fields.get("password") and row.pk == request.user.pk:
            require_proof(request)
        row = change(request.user, row, fields)
        return one(request, user_shapes(request.user, [row])[0])

    @answers(EMPTY, says="Delete a user", name="users_delete")
    def delete(self, request: Asked, user_id: str) -> Response:
        row = access.user_for(request.user, user_id)
        access.require_admin(request.user)
        users.delete_user(row, acting_user=request.user)
        return gone()


class UserKeyView(V3View):
    """`/users/{id}/apikey`."""

    noun = "users"

    @answers(KeyShape, says="The beginning of a user's API key", name="users_apikey")
    def get(self, request: Asked, user_id: str) -> Response:
        return shown_key(_whose(request, user_id))

    @answers(KeyShape, status=201, says="Make a user's API key, in place of the old one", name="users_apikey_add")
    def post(self, request: Asked, user_id: str) -> Response:
        row = _whose(request, user_id)
        require_proof(request)
        return new_key(request.user, row)

    @answers(EMPTY, says="Take a user's API key away", name="users_apikey_delete")
    def delete(self, request: Asked, user_id: str) -> Response:
        return end_key(request.user, _whose(request, user_id))


def _whose(request: Asked, user_id: str) -> User:
    row = access.user_for(request.user, user_id)
    require_self(request.user, row)
    return row


urlpatterns: list[URLPattern] = [
    path("users", UsersView.as_view()),
    path("users/<str:user_id>", UserView.as_view()),
    path("users/<str:user_id>/apikey", UserKeyView.as_view()),
]
