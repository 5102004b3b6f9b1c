"""How people sign in, for the ISP's administrators: its rules, the access log, and one person's sessions and factors
(items 21, 63, 64, 317). Not in the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypedDict

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from portal.api.v3.client.sessions import SESSIONS, SessionShape, session_shape
from portal.api.v3.client.sign_ins import SIGN_INS, SignInShape, sign_in_shape
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import AdminView, Asked, Fields, Number, Truth, domain_of, gone
from tenants import access, clock
from tenants.errors import Missing
from tenants.models import Domain, Passkey, User, UserSession
from tenants.services import second_factors, sessions, sign_in, sign_in_rules


class RulesShape(TypedDict):
    """Characters, sessions at once, hours, and whether administrators need a second factor."""

    min_password_length: int
    max_sessions: int
    session_hours: int
    session_idle_hours: int
    requires_admin_factor: bool


class RulesFields(Fields):
    """What is sent is changed. When second factors become a must, administrators without one are signed out."""

    min_password_length = Number(min_value=8, max_value=64)
    max_sessions = Number(min_value=1, max_value=1000)
    session_hours = Number(min_value=1, max_value=24 * 365)
    session_idle_hours = Number(min_value=1, max_value=24 * 365)
    requires_admin_factor = Truth()


class FactorsShape(TypedDict):
    """Which second factors somebody has; `recovery_codes` are those that are left."""

    generator: bool
    passkeys: int
    recovery_codes: int


def _rules_shape(domain: Domain) -> RulesShape:
    return {
        "min_password_length": domain.min_password_length,
        "max_sessions": domain.max_sessions,
        "session_hours": domain.session_hours,
        "session_idle_hours": domain.session_idle_hours,
        "requires_admin_factor": domain.requires_admin_factor,
    }


class SignInRulesView(AdminView):
    """`/sign_in_rules`."""

    noun = "letting_in"
    names: ClassVar[Mapping[str, str]] = {}

    @answers(RulesShape, says="The rules of signing in", name="sign_in_rules_one")
    def get(self, request: Asked) -> Response:
        return Response(_rules_shape(domain_of(request)))

    @answers(RulesShape, fields=RulesFields, says="Change the rules of signing in", name="sign_in_rules_save")
    def put(self, request: Asked) -> Response:
        values = RulesFields.read(request, partial=True)
        domain = sign_in_rules.change_rules(domain_of(request), acting_user=request.user, **values)
        return Response(_rules_shape(domain))


class AccessLogView(AdminView):
    """`/access_log`."""

    noun = "events"

    @lists(SignInShape, SIGN_INS, says="Who signed in or tried to, newest first", name="access_log_list")
    def get(self, request: Asked) -> Response:
        return SIGN_INS.answer(request, sign_in.entries().order_by(), lambda found: list(map(sign_in_shape, found)))


def _person(request: Asked, user_id: str) -> User:
    access.require_admin(request.user)
    return access.user_for(request.user, user_id)


def _living(person: User) -> QuerySet[UserSession]:
    rows: QuerySet[UserSession] = UserSession.objects.filter(user=person, expires_at__gt=clock.now()).defer("data")
    return rows


class UserSessionsView(AdminView):
    """`/users/{id}/sessions`."""

    noun = "users"

    @lists(SessionShape, SESSIONS, says="Where somebody is signed in", name="users_sessions_list")
    def get(self, request: Asked, user_id: str) -> Response:
        current = request.auth.session_id
        rows = _living(_person(request, user_id))
        return SESSIONS.answer(request, rows, lambda found: [session_shape(row, current) for row in found])

    @answers(EMPTY, says="Sign somebody out everywhere; oneself everywhere else", name="users_sessions_delete_all")
    def delete(self, request: Asked, user_id: str) -> Response:
        person = _person(request, user_id)
        kept = UserSession.objects.filter(pk=request.auth.session_id, user=person).values_list("digest", flat=True)
        sessions.end_others(person, keep=kept.first() or "", acting_user=request.user)
        return gone()


class UserSessionView(AdminView):
    """`/users/{id}/sessions/{session_id}`."""

    noun = "users"

    @answers(EMPTY, says="Sign somebody out at one place", name="users_sessions_delete")
    def delete(self, request: Asked, user_id: str, session_id: str) -> Response:
        row = _living(_person(request, user_id)).filter(pk=access.as_id(session_id)).first()
        if row is None:
            raise Missing(_("There is no such session."))
        sessions.end(row, acting_user=request.user)
        return gone()


class UserFactorsView(AdminView):
    """`/users/{id}/second_factors`."""

    noun = "users"

    @answers(FactorsShape, says="Which second factors somebody has", name="users_factors_one")
    def get(self, request: Asked, user_id: str) -> Response:
        person = _person(request, user_id)
        shape: FactorsShape = {
            "generator": second_factors.generator_of(person) is not None,
            "passkeys": Passkey.objects.filter(user=person).count(),
            "recovery_codes": second_factors.left(person),
        }
        return Response(shape)

    @answers(EMPTY, says="Forget the second factors of somebody who lost them", name="users_factors_delete")
    def delete(self, request: Asked, user_id: str) -> Response:
        person = _person(request, user_id)
        second_factors.remove_all(person, acting_user=request.user)
        sessions.end_others(person, acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("sign_in_rules", SignInRulesView.as_view()),
    path("access_log", AccessLogView.as_view()),
    path("users/<str:user_id>/sessions", UserSessionsView.as_view()),
    path("users/<str:user_id>/sessions/<str:session_id>", UserSessionView.as_view()),
    path("users/<str:user_id>/second_factors", UserFactorsView.as_view()),
]
