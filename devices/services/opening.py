"""Opening an ISP with all it needs from its first day: host names, organization, preset, administrator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from devices.services import presets
from tenants.errors import Conflict
from tenants.models import Domain, InstallationEntry, SuperAdministrator, User
from tenants.scoping import domain_scope
from tenants.services import domains, installation_log, invitations, organizations, users


@transaction.atomic
def open_isp(
    *,
    administrator: SuperAdministrator | None,
    title: str,
    slug: str,
    hosts: Sequence[str],
    admin_email: str,
    **more: Any,
) -> tuple[Domain, str]:
    """Open an ISP and invite its first administrator by mail (item 24).

    Returns the ISP and the secret of the invitation's link, for an installation that has no mail server yet.
    """
    domain = domains.add_domain(title=title, slug=slug, hosts=hosts, **more)
    with domain_scope(domain):
        presets.default_preset()
        secret = _add_admin(domain, admin_email)
    installation_log.record(
        InstallationEntry.Action.OPENED, administrator=administrator, isp=domain,
        changed={"hosts": [None, list(hosts)], "administrator": [None, admin_email]},
    )  # fmt: skip
    return domain, secret


def _add_admin(domain: Domain, email: str) -> str:
    admin = users.add_user(acting_user=None, login=email, email=email, is_admin=True, locale=domain.locale)
    organizations.change_organization(organizations.ensure_default(), acting_user=None, owner=admin)
    return invitations.send_activation(admin, acting_user=None)


@transaction.atomic
def invite_again(domain: Domain, *, administrator: SuperAdministrator | None, admin_email: str) -> str:
    """Invite the first administrator again, also at another address, as long as none has ever come in.

    Conflict once an administrator has: from then on support access is the only way in.
    """
    with domain_scope(domain):
        admins = list(User.objects.filter(is_admin=True, is_active=True))
        if not admins or any(admin.has_usable_password() for admin in admins):
            raise Conflict(_("An administrator has come in already: he invites the others."))
        named = next((admin for admin in admins if admin.login.casefold() == admin_email.casefold()), None)
        secret = (
            invitations.send_activation(named, acting_user=None)
            if named
            else _replace_admin(domain, admins, admin_email)
        )
    installation_log.record(
        InstallationEntry.Action.INVITED, administrator=administrator, isp=domain,
        changed={"administrator": [None, admin_email]},
    )  # fmt: skip
    return secret


def _replace_admin(domain: Domain, admins: list[User], email: str) -> str:
    """Whoever was invited at a wrong address must not come in by that link."""
    secret = _add_admin(domain, email)
    for admin in admins:
        users.delete_user(admin, acting_user=None)
    return secret
