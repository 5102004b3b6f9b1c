"""A city of cameras for benchmarks: one ISP, many organizations with folders in folders, viewers with folder rights."""

# ruff: noqa: E402 - Django is set up before anything that knows models
from __future__ import annotations

import os
from dataclasses import dataclass

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.conf import settings
from django.db import connections

from devices.models import Camera, Preset, Streamer
from devices.services import presets, streamers
from portal.embedded import database
from tenants.models import Domain, Folder, FolderPermission, Membership, Organization, User
from tenants.scoping import domain_scope
from tenants.services import domains, folders, organizations
from tests.database import copy_template, start_cluster, superuser_url

ORGANIZATIONS = 100
FOLDERS = 10  # an organization, each second one inside the first
VIEWERS = 2  # an organization


@dataclass
class City:
    """What was built; `watching` are pairs of a viewer and a camera he may watch."""

    domain: Domain
    streamer: Streamer
    streamer_key: str
    watching: list[tuple[User, Camera]]


def database_of(name: str) -> None:
    """A fresh migrated database on this run's own server, and Django pointed at it."""
    start_cluster()
    os.environ["PERCH_DB_NAME"] = f"{database.EMBEDDED_NAME}_{name}"
    copy_template(os.environ["PERCH_DB_NAME"])
    settings.DATABASES["default"]["NAME"] = os.environ["PERCH_DB_NAME"]
    connections["default"].settings_dict["NAME"] = os.environ["PERCH_DB_NAME"]


def build(cameras: int) -> City:
    """Build the city, with `cameras` cameras spread evenly."""
    domain = domains.add_domain(title="City", slug="city", hosts=["city.localhost"])
    streamer, key = streamers.add_streamer(hostname="bench", port=8001)
    watching: list[tuple[User, Camera]] = []
    with domain_scope(domain):
        preset = presets.add_preset(acting_user=None, title="Week", dvr_depth=7, is_everywhere=True)
        for number in range(ORGANIZATIONS):
            organization = organizations.add_organization(acting_user=None, title=f"Organization {number}")
            watching += _settle(organization, preset, streamer, number, cameras // ORGANIZATIONS)
    _analyze()
    return City(domain, streamer, key, watching)


def _settle(
    organization: Organization, preset: Preset, streamer: Streamer, number: int, cameras: int
) -> list[tuple[User, Camera]]:
    top = folders.root(organization)
    middle = [
        folders.add_folder(organization, acting_user=None, title="Quarter", parent=top) for _ in range(FOLDERS // 2)
    ]
    places = middle + [folders.add_folder(organization, acting_user=None, title="Street", parent=up) for up in middle]
    made = Camera.objects.bulk_create(
        _camera(organization, preset, streamer, places[i % len(places)], f"c-{number}-{i}") for i in range(cameras)
    )
    viewers = [_viewer(organization, middle[i], f"viewer-{number}-{i}") for i in range(VIEWERS)]
    return [
        (viewer, camera)
        for viewer, place in zip(viewers, middle, strict=False)
        for camera in made
        if place.pk in (camera.folder_id, camera.folder.parent_id)
    ]


def _camera(organization: Organization, preset: Preset, streamer: Streamer, folder: Folder, name: str) -> Camera:
    camera = Camera(
        domain_id=organization.domain_id,
        name=name,
        title=f"Camera {name}",
        organization=organization,
        folder=folder,
        preset=preset,
        streamer=streamer,
    )
    camera.stream_url = f"rtsp://user:secret@10.0.0.5/{name}"
    return camera


def _viewer(organization: Organization, folder: Folder, login: str) -> User:
    user = User(domain_id=organization.domain_id, login=login)
    user.set_unusable_password()
    user.save()
    Membership.objects.create(domain_id=user.domain_id, organization=organization, user=user)
    FolderPermission.objects.create(
        domain_id=user.domain_id, folder=folder, user=user, can_view_dvr=True, dvr_depth_limit=7
    )
    return user


def _analyze() -> None:
    import psycopg

    with psycopg.connect(superuser_url(), autocommit=True) as admin:
        admin.execute("ANALYZE")
