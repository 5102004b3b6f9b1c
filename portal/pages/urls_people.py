"""The addresses of people and their rights: in organizations, across them, and at the ISP."""

from django.urls import URLPattern, path

from portal.pages import merging, newcomers, organizations, people_import, person_rights, roles, statistics, tree

urlpatterns: list[URLPattern] = [
    path("organizations/<organization_id>/users/add", newcomers.add_members, name="members-add"),
    path("organizations/<organization_id>/owner", newcomers.owner, name="organization-owner"),
    path("organizations/<organization_id>/statistics", statistics.statistics_page, name="organization-statistics"),
    path("organizations/<organization_id>/mosaics", organizations.mosaics_page, name="organization-mosaics"),
    path("organizations/<organization_id>/tree/move", tree.move, name="tree-move"),
    path("organizations/<organization_id>/tree/<folder_id>", tree.folder_cameras, name="tree-cameras"),
    path("users/import", people_import.import_page, name="users-import"),
    path("users/<user_id>/merge", merging.merge, name="user-merge"),
    path("users/<user_id>/organizations", person_rights.organizations_tab, name="user-organizations"),
    path("users/<user_id>/cameras", person_rights.cameras_tab, name="user-cameras"),
    path("roles/", roles.roles_page, name="roles"),
    path("roles/<user_id>/switch", roles.switch, name="role-switch"),
]
