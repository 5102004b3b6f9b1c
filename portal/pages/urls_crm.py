"""The pages for CRMs: API keys, webhooks and the audit log."""

from django.urls import URLPattern, path

from portal.pages import audit_log, keys, webhooks

HOOK = "settings/webhooks/<webhook_id>"
urlpatterns: list[URLPattern] = [
    path("settings/keys", keys.isp_keys, name="api-keys"),
    path("settings/keys/new", keys.add_isp_key, name="key-add"),
    path("settings/keys/<key_id>", keys.change_isp_key, name="api-key"),
    path("settings/keys/<key_id>/delete", keys.delete_isp_key, name="key-delete"),
    path("profile/keys", keys.own_keys, name="own-keys"),
    path("profile/keys/new", keys.add_own_key, name="own-key-add"),
    path("profile/keys/<key_id>", keys.change_own_key, name="own-key"),
    path("profile/keys/<key_id>/delete", keys.delete_own_key, name="own-key-delete"),
    path("settings/webhooks", webhooks.webhooks_page, name="webhooks"),
    path("settings/webhooks/new", webhooks.add, name="webhook-add"),
    path(HOOK, webhooks.webhook_page, name="webhook"),
    path(f"{HOOK}/edit", webhooks.change, name="webhook-edit"),
    path(f"{HOOK}/delete", webhooks.delete, name="webhook-delete"),
    path(f"{HOOK}/secret", webhooks.renew_secret, name="webhook-secret"),
    path(f"{HOOK}/test", webhooks.send_test, name="webhook-test"),
    path(f"{HOOK}/again", webhooks.send_parked_again, name="webhook-parked"),
    path(f"{HOOK}/deliveries/<delivery_id>/again", webhooks.send_again, name="webhook-again"),
    path("audit/", audit_log.audit_page, name="audit"),
    path("audit/export", audit_log.export, name="audit-export"),
]
