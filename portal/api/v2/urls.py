"""The Watcher v2 dialect (manual 4.8.6, 6.1).

The next address: a view in the noun's module, its row here, its rows in tests/permissions/table.py, and
`make openapi`. A slash at the end and doubled slashes do not matter (portal.middleware.SlashMiddleware).
"""

from django.urls import URLPattern, URLResolver, path

from portal.api.v2 import (
    auth,
    cameras,
    changes,
    folders,
    imports,
    members,
    organizations,
    passwords,
    presets,
    settings,
    users,
)
from portal.api.v2.views import NotFoundView

ORGANIZATION = "organizations/<str:organization_id>"
FOLDER = f"{ORGANIZATION}/folders/<str:folder_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("auth/login", auth.LoginView.as_view()),
    path("auth/check-login", auth.CheckLoginView.as_view()),
    path("auth/whoami", auth.WhoamiView.as_view()),
    path("auth/logout", auth.LogoutView.as_view()),
    path("auth/forgot-password", passwords.ForgotPasswordView.as_view()),
    path("auth/restore-password", passwords.RestorePasswordView.as_view()),
    path("auth/generate-autologin-token", passwords.AutologinTokenView.as_view()),
    path("cameras", cameras.CamerasView.as_view()),
    path("cameras/import", imports.CamerasImportView.as_view()),
    path("cameras/<path:name>/user_attributes", cameras.UserAttributesView.as_view()),
    path("cameras/<path:name>", cameras.CameraView.as_view()),
    path("changes", changes.ChangesView.as_view()),
    path("presets", presets.PresetsView.as_view()),
    path("presets/<str:preset_id>", presets.PresetView.as_view()),
    path("domains/<str:domain_id>/presets", presets.PresetsView.as_view()),
    path("domains/<str:domain_id>/presets/<str:preset_id>", presets.PresetView.as_view()),
    path("profile", users.ProfileView.as_view()),
    path("users", users.UsersView.as_view()),
    path("users/import", imports.UsersImportView.as_view()),
    path("users/<str:user_id>", users.UserView.as_view()),
    path("users/<str:user_id>/cameras", cameras.UserCamerasView.as_view()),
    path("users/<str:user_id>/merge", users.UserMergeView.as_view()),
    path("organizations", organizations.OrganizationsView.as_view()),
    path(ORGANIZATION, organizations.OrganizationView.as_view()),
    path("domains/<str:domain_id>/organizations", organizations.OrganizationsView.as_view()),
    path("domains/<str:domain_id>/organizations/<str:organization_id>", organizations.OrganizationView.as_view()),
    path(f"{ORGANIZATION}/presets", presets.OrganizationPresetsView.as_view()),
    path(f"{ORGANIZATION}/presets/<str:preset_id>", presets.OrganizationPresetView.as_view()),
    path(f"{ORGANIZATION}/users", members.MembersView.as_view()),
    path(f"{ORGANIZATION}/users/<str:user_id>", members.MemberView.as_view()),
    path(f"{ORGANIZATION}/folders", folders.FoldersView.as_view()),
    path(FOLDER, folders.FolderView.as_view()),
    path(f"{FOLDER}/map", folders.FolderMapView.as_view()),
    path(f"{FOLDER}/users", folders.FolderUsersView.as_view()),
    path(f"{FOLDER}/users/<str:user_id>", folders.FolderUserView.as_view()),
    path("settings", settings.SettingsView.as_view()),
    path("settings/initial", settings.InitialSettingsView.as_view()),
    path("<path:rest>", NotFoundView.as_view()),
]
