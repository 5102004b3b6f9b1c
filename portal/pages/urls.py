"""The pages. Camera names may contain slashes, so their name always ends an address."""

from django.urls import URLPattern, URLResolver, include, path, register_converter

from portal.pages import (
    actions,
    bulk,
    camera_form,
    cameras,
    detection_zones,
    drift,
    folder_tree,
    grants,
    kept,
    members,
    organizations,
    people,
    plans,
    player,
    presets,
    profile,
    replacements,
    session,
    settings,
    storage,
    third_parties,
    watching,
)


class CameraName:
    """A camera's name as the model knows it."""

    regex = r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CameraName, "camera")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", session.home, name="home"),
    path("login", session.sign_in, name="login"),
    path("logout", session.sign_out, name="logout"),
    path("profile/", profile.profile, name="profile"),
    path("", include("portal.pages.urls_sign_in")),
    path("cameras/", cameras.cameras_page, name="cameras"),
    path("cameras/tokens", cameras.tokens, name="camera-tokens"),
    path("cameras/bulk", bulk.bulk_page, name="cameras-bulk"),
    path("cameras/new", camera_form.add, name="camera-add"),
    path("cameras/watch/<camera:name>", player.watch, name="watch"),
    path("cameras/edit/<camera:name>", camera_form.change, name="camera-edit"),
    path("cameras/replace/<camera:name>", replacements.replace_page, name="camera-replace"),
    path("cameras/replacing/<camera:name>", replacements.state_page, name="camera-replacing"),
    path("cameras/zones/<camera:name>", detection_zones.zones_page, name="camera-zones"),
    path("cameras/actions/<camera:name>", actions.actions_page, name="camera-actions"),
    path("cameras/act/<camera:name>", actions.act, name="camera-act"),
    path("cameras/delete/<camera:name>", camera_form.delete, name="camera-delete"),
    path("cameras/switch/<camera:name>", cameras.switch, name="camera-switch"),
    path("cameras/privacy/<camera:name>", player.privacy, name="camera-privacy"),
    path("cameras/reasons/<camera:name>", player.reasons_page, name="camera-reasons"),
    path("cameras/keep/<camera:name>", kept.keep, name="camera-keep"),
    path("cameras/release/<camera:name>", kept.release, name="camera-release"),
    path("cameras/mark/<camera:name>", cameras.mark, name="camera-mark"),
    path("cameras/access/<camera:name>", grants.camera_page, name="camera-access"),
    path("cameras/viewings/<camera:name>", grants.viewings_page, name="camera-viewings"),
    path("cameras/grant/<camera:name>", grants.grant_camera, name="camera-grant"),
    path("cameras/third-parties/<camera:name>", third_parties.camera_page, name="third-parties"),
    path("cameras/third-party/<grant_id>/revoke/<camera:name>", third_parties.revoke, name="third-party-revoke"),
    path("cameras/revoke/<camera:name>", grants.revoke_camera, name="camera-revoke"),
    path("", include("portal.pages.urls_people")),
    path("organizations/", organizations.organizations_page, name="organizations"),
    path("organizations/new", organizations.add, name="organization-add"),
    path("organizations/<organization_id>/", organizations.organization_page, name="organization"),
    path("organizations/<organization_id>/general", organizations.change, name="organization-edit"),
    path("organizations/<organization_id>/delete", organizations.delete, name="organization-delete"),
    path("organizations/<organization_id>/users/", members.members_page, name="members"),
    path("organizations/<organization_id>/users/new", members.add_member, name="member-add"),
    path("organizations/<organization_id>/users/<user_id>", members.member, name="member"),
    path("organizations/<organization_id>/users/<user_id>/remove", members.remove, name="member-remove"),
    path(
        "organizations/<organization_id>/users/<user_id>/folders/<folder_id>", grants.grant_folder, name="folder-grant"
    ),
    path("organizations/<organization_id>/folders/", folder_tree.folders_page, name="folders"),
    path("organizations/<organization_id>/folders/new", folder_tree.add, name="folder-add"),
    path("organizations/<organization_id>/folders/<folder_id>", folder_tree.change, name="folder"),
    path("organizations/<organization_id>/folders/<folder_id>/delete", folder_tree.delete, name="folder-delete"),
    path("organizations/<organization_id>/plans", plans.organization_plans, name="organization-plans"),
    path("users/", people.users_page, name="users"),
    path("users/new", people.add, name="user-add"),
    path("users/<user_id>", people.change, name="user"),
    path("users/<user_id>/delete", people.delete, name="user-delete"),
    path("users/<user_id>/access", grants.user_page, name="user-access"),
    path("watching/", watching.watching_page, name="watching"),
    path("watching/<session_id>/end", watching.end, name="watching-end"),
    path("storage/", storage.storage_page, name="storage"),
    path("storage/drift", drift.drift_page, name="drift"),
    path("presets/", presets.presets_page, name="presets"),
    path("presets/new", presets.add, name="preset-add"),
    path("presets/<preset_id>", presets.change, name="preset"),
    path("presets/<preset_id>/delete", presets.delete, name="preset-delete"),
    path("presets/<preset_id>/organizations", presets.attach, name="preset-attach"),
    path("presets/<preset_id>/organizations/<organization_id>/detach", presets.detach, name="preset-detach"),
    path("plans/", plans.plans_page, name="plans"),
    path("plans/new", plans.add, name="plan-add"),
    path("plans/<plan_id>", plans.plan_page, name="plan"),
    path("plans/<plan_id>/edit", plans.change, name="plan-edit"),
    path("plans/<plan_id>/prices", plans.add_price, name="price-add"),
    path("plans/<plan_id>/prices/<price_id>/remove", plans.remove_price, name="price-remove"),
    path("", include("portal.pages.urls_money")),
    path("", include("portal.pages.urls_mail")),
    path("settings/", settings.settings_page, name="settings"),
    path("", include("portal.pages.urls_settings")),
    path("", include("portal.pages.urls_crm")),
]
