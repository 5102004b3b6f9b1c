"""The pages of signing in: the second step, identity providers, one's own keys, the access log, the ISP's rules."""

from django.urls import URLPattern, path

from portal.pages import access_log, oidc, second_step, security, sign_in_settings, user_sign_in

urlpatterns: list[URLPattern] = [
    path("login/second-factor", second_step.second_factor, name="second-factor"),
    path("login/passkey/options", second_step.passkey_options, name="passkey-options"),
    path("login/passkey", second_step.passkey, name="passkey"),
    path("login/with/<provider_id>", oidc.leave, name="oidc-leave"),
    path("login/back", oidc.come_back, name="oidc-back"),
    path("profile/security/", security.security, name="security"),
    path("profile/security/prove", security.prove_page, name="prove"),
    path("profile/security/codes", security.generator, name="generator"),
    path("profile/security/codes.svg", security.generator_picture, name="generator-picture"),
    path("profile/security/codes/remove", security.generator_remove, name="generator-remove"),
    path("profile/security/recovery", security.recovery_codes, name="recovery-codes"),
    path("profile/security/passkeys/options", security.passkey_options, name="passkey-add-options"),
    path("profile/security/passkeys/new", security.passkey_add, name="passkey-add"),
    path("profile/security/passkeys/<passkey_id>/remove", security.passkey_remove, name="passkey-remove"),
    path("profile/password", security.password, name="password"),
    path("profile/sessions/others/end", security.end_others, name="sessions-end"),
    path("profile/sessions/<session_id>/end", security.end_session, name="session-end"),
    path("users/<user_id>/sign-in", user_sign_in.user_sign_in, name="user-sign-in"),
    path("users/<user_id>/sign-in/sessions/end", user_sign_in.end_sessions, name="user-sessions-end"),
    path("users/<user_id>/sign-in/sessions/<session_id>/end", user_sign_in.end_session, name="user-session-end"),
    path("users/<user_id>/sign-in/factors/remove", user_sign_in.remove_factors, name="user-factors-remove"),
    path("settings/sign-in", sign_in_settings.rules, name="sign-in-settings"),
    path("settings/sign-in/providers/new", sign_in_settings.provider_add, name="provider-add"),
    path("settings/sign-in/providers/<provider_id>", sign_in_settings.provider_change, name="provider"),
    path("settings/sign-in/providers/<provider_id>/delete", sign_in_settings.provider_delete, name="provider-delete"),
    path("access-log/", access_log.access_log_page, name="access-log"),
    path("access-log/export", access_log.access_log_export, name="access-log-export"),
]
