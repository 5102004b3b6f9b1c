"""Two ISPs of the same build, and somebody of every kind at each: what the permission table is run against.

Everything of the organization that is asked about carries a random word in every text, and so does everything else of
its ISP: a word in an answer to whoever should not see it is a leak.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from billing.models import InvoiceLine
from billing.services import night, plans
from devices.models import Camera, CameraDrift, ViewingSession
from devices.services import (
    actions,
    cameras,
    grants,
    playback_grants,
    presets,
    protection,
    replacements,
    streamers,
    zones,
)
from tenants import clock
from tenants.models import AuditEntry, Domain, Organization, SuperAdministrator, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import (
    domains,
    floor_plans,
    folders,
    identity_providers,
    invitations,
    keys,
    memberships,
    messages,
    organizations,
    support,
    users,
    webhooks,
)
from tests.cast import NORTH, SOUTH
from tests.permissions.changes import digest
from tests.server import sign_in

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# Who asks, in the order of the table's columns. See `_people` for what each one is.
ACTORS = (
    "anonymous", "stranger", "neighbour", "viewer", "member", "reader", "installer", "owner", "accountant", "admin",
    "system",
)  # fmt: skip
# Who shows a proof that proves nothing (any more), and is nobody therefore: what an administrator was given before he
# was disabled, an administrator's session that has expired, and what belongs to the other ISP.
NOBODIES = ("disabled", "expired", "foreign", "foreign_system")


@dataclass
class Isp:
    """One of the two: its people, and the numbers that stand for the placeholders of the table."""

    host: str
    domain: Domain
    word: str
    secret_word: str
    people: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    system_key: str = ""
    foreign_key: str = ""
    ids: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    def words(self) -> tuple[str, str]:
        """What no stranger may read: the ISP's word, and that of the organization that is asked about."""
        return self.word, self.secret_word


@dataclass
class World:
    """Both."""

    north: Isp
    south: Isp


def build() -> World:
    """Make it, through the same services as everything else."""
    streamers.add_streamer(hostname="streamer-1", port=8001, zones=[zones.add_zone(name="ring", title="Ring")])
    world = World(_isp("north", NORTH), _isp("south", SOUTH))
    for isp, other in ((world.north, world.south), (world.south, world.north)):
        isp.sessions["foreign"], isp.foreign_key = other.sessions["admin"], other.system_key
    world.north.digest = digest(world.north)
    return world


def _word() -> str:
    return f"zq{secrets.token_hex(6)}"


def _isp(slug: str, host: str) -> Isp:
    domain = domains.add_domain(title=slug.title(), slug=slug, hosts=[host], more_locales=["fr"])
    isp = Isp(host, domain, _word(), _word())
    with domain_scope(isp.domain), clock.frozen(clock.now() - timedelta(days=40)):
        _people(isp)
        _things(isp)
    night.run_nights(isp.domain.pk)
    with domain_scope(isp.domain):
        _bills(isp)
        key, isp.system_key = keys.add_key(acting_user=None, title=isp.word)
        isp.ids["key"] = key.pk
        _for_crms(isp)
        _keeping(isp)
        isp.sessions = {name: sign_in(user) for name, user in isp.people.items()}
        isp.ids["session"] = UserSession.objects.get(user=isp.people["viewer"]).pk
        _nobodies(isp)
    return isp


def _for_crms(isp: Isp) -> None:
    """Keys, a webhook with a message that was given up, and an entry of the audit log about what is asked for."""
    isp.ids["own_key"] = keys.add_key(acting_user=None, user=isp.people["owner"], title=isp.secret_word)[0].pk
    isp.ids["spare_key"] = keys.add_key(acting_user=None, title=isp.secret_word)[0].pk
    hook, _secret = webhooks.add_webhook(acting_user=None, url="http://93.184.216.34/x", title=isp.secret_word)
    delivery = webhooks.send_test(hook, acting_user=None)
    delivery.kind, delivery.state = "Organization.change", delivery.State.PARKED
    delivery.save()
    entry = AuditEntry.objects.filter(object_type="Organization", object_id=isp.ids["org"]).latest("pk")
    CameraDrift.objects.create(
        domain_id=isp.domain.pk, camera_name=isp.secret_word, streamer_hostname="streamer-1", kind="missing",
        found_at=clock.now(),
    )  # fmt: skip
    isp.ids |= {"webhook": hook.pk, "delivery": delivery.pk, "event": entry.pk}


def _keeping(isp: Isp) -> None:
    """A moment of the camera that is kept, and bounds of one that may be."""
    camera, now = Camera.objects.get(name=isp.ids["camera"]), clock.now()
    moment = protection.keep_moment(camera, now, now + timedelta(seconds=20), acting_user=isp.people["owner"])
    since = int(now.timestamp())
    bounds = {
        "kept_since": since,
        "kept_until": since + 20,
        "kept_from": since * 1000,
        "kept_to": since * 1000 + 20_000,
    }
    isp.ids |= {"moment": moment.pk, **bounds}


def _person(isp: Isp, name: str, **more: Any) -> User:
    """An actor. Their own names carry no word: pages show them to themselves, also beside an error."""
    return users.add_user(acting_user=None, login=f"{name}@example.org", password="correct horse battery", **more)


def _people(isp: Isp) -> None:
    flags: dict[str, dict[str, bool]] = {
        "stranger": {},  # owns another organization of the same ISP
        "neighbour": {},  # watches another folder of the organization
        "viewer": {},  # watches the folder that is asked about
        "member": {},  # is in the organization and was granted nothing
        "reader": {"is_readonly": True, "can_edit_organizations": True},  # every right there is, and Read only
        "installer": {},  # edits cameras
        "owner": {},
        "accountant": {"is_accountant": True},  # of the ISP
        "admin": {"is_admin": True},
    }
    isp.people = {name: _person(isp, name, **more) for name, more in flags.items()}


def _nobodies(isp: Isp) -> None:
    """Two who might do anything a moment ago."""
    for name in ("disabled", "expired"):
        isp.sessions[name] = sign_in(_person(isp, name, is_admin=True))
    User.objects.filter(login="disabled@example.org").update(is_active=False)
    past = clock.now() - timedelta(days=1)
    UserSession.objects.filter(user__login="expired@example.org").update(expires_at=past)


def _things(isp: Isp) -> None:
    person, secret = isp.people, isp.secret_word
    preset = presets.add_preset(acting_user=None, title=isp.word, dvr_depth=7, is_everywhere=True)
    free = presets.add_preset(acting_user=None, title=isp.word)
    home = organizations.add_organization(acting_user=None, title=secret, owner=person["owner"], external_id=secret)
    other = organizations.add_organization(acting_user=None, title=isp.word, owner=person["stranger"])
    attached = presets.add_preset(acting_user=None, title=secret, organization=home)
    top = folders.root(home)
    folder = folders.add_folder(home, acting_user=None, title=secret, parent=top, coordinates=secret)
    beside = folders.add_folder(home, acting_user=None, title=secret, parent=top)
    empty = folders.add_folder(home, acting_user=None, title=secret, parent=top)
    planned = folders.add_folder(home, acting_user=None, title=secret, parent=top)
    floor_plans.set_plan(planned, acting_user=None, content=PIXEL)
    camera = _camera(isp, home, "target", secret, preset=preset, folder=folder)
    _camera(isp, home, "beside", isp.word, preset=preset, folder=beside)
    elsewhere = _camera(isp, other, "elsewhere", isp.word, preset=preset)
    target = _target(isp, home)
    outsider = users.add_user(acting_user=None, login="outsider@example.org", name=isp.word)
    _rights(isp, home, folder, beside)
    grants.grant_camera(camera, acting_user=None, user=person["viewer"])
    isp.ids["viewing"] = _watching(camera, person["viewer"]).pk
    isp.ids["third_party"] = playback_grants.add_grant(camera, acting_user=None, title=secret).pk
    plan = plans.add_plan(acting_user=None, title=secret, amount=100)
    _camera(isp, home, "billed", secret, preset=plan.preset)
    price = plans.add_price(plan, acting_user=None, amount=200, from_day=date(2050, 1, 1))
    _settings(isp, home)
    isp.ids |= {"replacement": _replaced(isp, camera), "action": _action(isp, camera)}
    isp.ids |= {
        "plan": plan.pk, "price": price.pk,
        "isp": isp.domain.pk, "org": home.pk, "other_org": other.pk, "folder": folder.pk, "beside": beside.pk,
        "empty": empty.pk, "planned": planned.pk,
        "top": top.pk, "camera": camera.name, "elsewhere": elsewhere.name, "preset": preset.pk,
        "free": free.pk, "attached": attached.pk, "target": target.pk, "outsider": outsider.pk,
        "viewer": person["viewer"].pk, "member": person["member"].pk,
    }  # fmt: skip


def _settings(isp: Isp, home: Organization) -> None:
    """A message to the organization, and somebody of the installation who is here."""
    message = messages.send(acting_user=isp.people["owner"], organization=home, title=isp.secret_word)
    greta = SuperAdministrator(login="greta")
    stay, _secret = support.start(isp.domain, administrator=greta, reason=f"because of {isp.secret_word}")
    provider = identity_providers.add_provider(
        acting_user=None, title=isp.secret_word, issuer="https://id.example.org", client_id=isp.secret_word
    )
    invitation, _key = invitations.invite(
        home, acting_user=isp.people["owner"], email="", watches=True, flags={"can_view_stats": True}
    )
    isp.ids |= {"message": message.pk, "stay": stay.pk, "provider": provider.pk, "invitation": invitation.pk}


def _bills(isp: Isp) -> None:
    """The first month's invoice and its line, of forty days that were counted."""
    line = InvoiceLine.objects.filter(invoice__organization_id=isp.ids["org"]).order_by("id")[0]
    isp.ids |= {"invoice": line.invoice_id, "line": line.pk}


def _camera(isp: Isp, organization: Organization, name: str, word: str, **more: Any) -> Any:
    texts: Any = {"comment": word, "postal_address": word, "external_id": word, "agent_serial": word}
    return cameras.add_camera(
        organization,
        acting_user=None,
        title=word,
        name=f"{name}-{isp.domain.slug}",
        stream_url=f"rtsp://{word}:{word}@93.184.216.34/{word}",
        **texts,
        **more,
    )


def _replaced(isp: Isp, camera: Any) -> int:
    """A swap of the camera's device that can be taken back."""
    word, owner = isp.secret_word, isp.people["owner"]
    url = f"rtsp://{word}:{word}@93.184.216.34/{word}/new"
    replacements.begin(camera, acting_user=owner, stream_url=url, agent_serial=word)
    return int(replacements.swap(camera, acting_user=owner, unheard=True).pk)


def _watching(camera: Any, user: User) -> ViewingSession:
    """Somebody watches the camera, for as long as any test runs."""
    made: ViewingSession = ViewingSession.objects.create(
        camera=camera, key="k", user_id=user.pk, user_login=user.login, holder=1, holder_id=1, kind="live",
        protocol="hls", began_at=clock.now(), last_at=clock.now() + timedelta(days=100),
    )  # fmt: skip
    return made


def _action(isp: Isp, camera: Any) -> int:
    """Something the camera can be asked to do; where it is done nobody answers, and that at once."""
    url = f"http://93.184.216.34/{isp.secret_word}"
    row = actions.add_action(camera, acting_user=isp.people["owner"], title=isp.secret_word, method="GET", url=url)
    row.url = f"http://127.0.0.1:9/{isp.secret_word}"
    row.save()
    return int(row.pk)


def _target(isp: Isp, home: Organization) -> User:
    word = isp.secret_word
    texts: Any = {
        "name": word,
        "note": word,
        "phone": word,
        "external_id": word,
        "notification_email": f"{word}@example.org",
    }
    return users.add_user(acting_user=None, login=f"{word}@example.org", organization=home, **texts)


def _rights(isp: Isp, home: Organization, folder: Any, beside: Any) -> None:
    everything = {"can_edit_cameras": True, "can_edit_users": True, "can_view_stats": True}
    flags = {"neighbour": {}, "viewer": {}, "member": {}, "reader": everything, "installer": {"can_edit_cameras": True}}
    for name, held in flags.items():
        memberships.add_member(home, acting_user=None, user=isp.people[name], **held)
    rights = {"can_view_dvr": True, "can_use_ptz": True, "can_use_actions": True}
    for name, where in (("neighbour", beside), ("viewer", folder), ("reader", folder)):
        memberships.grant_folder(where, acting_user=None, user=isp.people[name], **rights)
