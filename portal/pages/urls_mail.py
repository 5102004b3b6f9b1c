"""The pages of mail, recovery, invitations, auto-login, demo access and external authentication."""

from django.urls import path

from portal.pages import autologin, invitations, mail_settings, outer_doors, recovery

urlpatterns = [
    path("vsaas/forgot-password", recovery.forgotten, name="forgotten"),
    path("vsaas/forgot-password/<token>", recovery.reset, name="password-reset"),
    path("vsaas/activate/<token>", recovery.activate, name="activate"),
    path("vsaas/invite/<key>", recovery.invitation, name="invitation"),
    path("vsaas/autologin", autologin.autologin_form, name="autologin"),
    path("vsaas/autologin/step", autologin.autologin_step, name="autologin-step"),
    path("vsaas/autologin/switch", autologin.autologin_switch, name="autologin-switch"),
    path("demo", autologin.demo_visit, name="demo"),
    path("organizations/<organization_id>/invite", invitations.invite, name="invite"),
    path(
        "organizations/<organization_id>/invite/<invitation_id>/withdraw",
        invitations.withdraw,
        name="invitation-withdraw",
    ),
    path("users/<user_id>/password-mail", invitations.send_reset, name="password-mail"),
    path("settings/mail", mail_settings.mail_page, name="mail-settings"),
    path("settings/mail/remove", mail_settings.remove_relay, name="mail-remove"),
    path("settings/mail/test", mail_settings.send_test, name="mail-test"),
    path("settings/mail/texts/<name>", mail_settings.text_page, name="mail-text"),
    path("settings/mail/texts/<name>/default", mail_settings.restore_text, name="mail-restore"),
    path("settings/mail/texts/<name>/preview", mail_settings.preview, name="mail-preview"),
    path("settings/external", outer_doors.outer_door_page, name="outer-door"),
    path("organizations/<organization_id>/folders/<folder_id>/public", outer_doors.switch_public, name="folder-public"),
    path("settings/demo", outer_doors.switch_demo, name="demo-switch"),
]
