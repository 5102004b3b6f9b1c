"""Invitations into organizations, and forgotten passwords (items 30, 214, 227)."""

from __future__ import annotations

from typing import Any, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.permissions import Anybody
from portal.api.v3.schema import EMPTY, answers
from portal.api.v3.shapes import FLAGS, NamedShape
from portal.api.v3.views import Asked, Fields, Text, Truth, V3View, gone, utc_ms
from tenants import access
from tenants.errors import Forbidden, Invalid
from tenants.services import invitations, passwords


class InvitedShape(TypedDict):
    """What an invitation gives."""

    can_edit_streams: bool
    can_edit_users: bool
    can_view_stats: bool
    can_view_streams: bool
    is_accountant: bool


class InvitationShape(TypedDict):
    """A new invitation; `invite_key` is told this once. It is good once, for a week."""

    id: int
    invite_key: str
    email: str | None
    permissions: InvitedShape


class InvitedFields(Fields):
    """The rights of whoever accepts."""

    can_edit_streams = Truth()
    can_edit_users = Truth()
    can_view_stats = Truth()
    can_view_streams = Truth()
    is_accountant = Truth()


class InvitationFields(Fields):
    """Whom to invite; without an e-mail the key is yours to hand over."""

    permissions = InvitedFields(required=False)
    email = Text(max_length=254, help_text="the link is sent there, and only its reader may accept")


class RecoveryFields(Fields):
    """Who forgot his password."""

    login = Text(max_length=254)
    email = Text(max_length=254)
    name = Text(max_length=254, help_text="the login, as users have it")


class ResetFields(Fields):
    """A new password; the token of the mail's link here, or as `Authorization: Bearer`."""

    token = Text(max_length=200)
    password = serializers.CharField(min_length=5, max_length=128, trim_whitespace=False, write_only=True)


EXAMPLE = {
    "id": 41,
    "invite_key": "Vn0y7m2b5kZ1x8…",
    "email": "dora@example.org",
    "permissions": {
        "can_edit_streams": True,
        "can_edit_users": False,
        "can_view_stats": False,
        "can_view_streams": True,
        "is_accountant": False,
    },
}


class PendingShape(TypedDict):
    """An invitation that nobody followed yet; instants in ms."""

    id: int
    email: str | None
    permissions: InvitedShape
    invited_by: str | None
    expires_at: int | None


class PendingsShape(TypedDict):
    """The newest first."""

    invitations: list[PendingShape]


def _given(flags: dict[str, Any], *, watches: bool) -> InvitedShape:
    return {
        "can_edit_streams": bool(flags.get("can_edit_cameras")),
        "can_edit_users": bool(flags.get("can_edit_users")),
        "can_view_stats": bool(flags.get("can_view_stats")),
        "can_view_streams": watches,
        "is_accountant": bool(flags.get("is_accountant")),
    }


class InvitationsView(V3View):
    """`/organizations/{id}/invitations`."""

    noun = "invitations"

    @answers(PendingsShape, says="Invitations that nobody followed yet", name="organizations_invitations")
    def get(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        shown: list[PendingShape] = [
            {
                "id": row.token.pk,
                "email": row.email or None,
                "permissions": _given(row.flags, watches=row.watches),
                "invited_by": row.inviter.login if row.inviter else None,
                "expires_at": utc_ms(row.until),
            }
            for row in invitations.pending(organization)
        ]
        return Response({"invitations": shown})


class PendingView(V3View):
    """`/organizations/{id}/invitations/{invitation_id}`."""

    noun = "invitations"

    @answers(EMPTY, says="Withdraw an invitation", name="organizations_invitations_delete")
    def delete(self, request: Asked, organization_id: str, invitation_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        invitations.withdraw(organization, access.as_id(invitation_id), acting_user=request.user)
        return gone()


class InviteView(V3View):
    """`/organizations/{id}/invite`."""

    noun = "invitations"

    @answers(
        InvitationShape, fields=InvitationFields, says="Invite somebody", name="organizations_invite", example=EXAMPLE
    )
    def post(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        fields = InvitationFields.read(request)
        sent = dict(fields.get("permissions") or {})
        watches = bool(sent.pop("can_view_streams", False))
        flags = {FLAGS[name]: bool(value) for name, value in sent.items()}
        token, key = invitations.invite(
            organization, acting_user=request.user, email=fields.get("email", ""), watches=watches, flags=flags
        )
        given = _given(token.payload["flags"], watches=watches)
        email = token.payload["email"] or None
        return Response({"id": token.pk, "invite_key": key, "email": email, "permissions": given})


class InvitationView(V3View):
    """`/organizations/invite/{key}`."""

    noun = "invitations"

    def get_permissions(self) -> list[Any]:
        """Whoever has the key may see what it opens before he signs in."""
        return [Anybody()] if self.request.method == "GET" else list(super().get_permissions())

    @answers(NamedShape, says="The organization an invitation leads to", name="organizations_invitation")
    def get(self, request: Any, key: str) -> Response:
        organization = invitations.invitation_of(key).organization
        return Response({"id": organization.pk, "title": organization.title})

    @answers(NamedShape, says="Accept an invitation", name="organizations_invitation_accept")
    def put(self, request: Asked, key: str) -> Response:
        if request.user.is_system:
            raise Forbidden(_("Only a person joins an organization."))
        organization = invitations.accept(key, user=request.user).organization
        return Response({"id": organization.pk, "title": organization.title})


class PasswordRecoveryView(V3View):
    """`/password_recovery`."""

    noun = "auth"
    authentication_classes = ()
    permission_classes = (Anybody,)  # whoever forgot his password cannot say who he is

    @answers(EMPTY, fields=RecoveryFields, says="Ask for a link that sets a new password", name="password_recovery")
    def post(self, request: Any) -> Response:
        """Known and unknown people are answered alike."""
        fields = RecoveryFields.read(request)
        name = fields.get("login") or fields.get("name") or fields.get("email")
        if not name:
            raise Invalid(_("Send a login or an e-mail."), field="login")
        passwords.request_recovery(name)
        return gone()


class ResetPasswordView(V3View):
    """`/reset_password`."""

    noun = "auth"
    authentication_classes = ()
    permission_classes = (Anybody,)  # the link's token is the proof

    @answers(EMPTY, fields=ResetFields, says="Set a new password by a link's token", name="reset_password")
    def post(self, request: Any) -> Response:
        fields = ResetFields.read(request)
        bearer = request.headers.get("authorization", "").partition(" ")[2].strip()
        passwords.reset_by_link(fields.get("token") or bearer[:200], fields["password"])
        return gone()


class PasswordMailView(V3View):
    """`/users/{id}/password_mail`."""

    noun = "users"

    @answers(EMPTY, says="Mail somebody a link that sets his password", name="users_password_mail")
    def post(self, request: Asked, user_id: str) -> Response:
        access.require_admin(request.user)
        person = access.user_for(request.user, user_id)
        if person.has_usable_password():
            passwords.send_reset(person, acting_user=request.user)
        else:
            invitations.send_activation(person, acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("organizations/<str:organization_id>/invite", InviteView.as_view()),
    path("organizations/<str:organization_id>/invitations", InvitationsView.as_view()),
    path("organizations/<str:organization_id>/invitations/<str:invitation_id>", PendingView.as_view()),
    path("organizations/invite/<str:key>", InvitationView.as_view()),
    path("password_recovery", PasswordRecoveryView.as_view()),
    path("reset_password", ResetPasswordView.as_view()),
    path("users/<str:user_id>/password_mail", PasswordMailView.as_view()),
]
