"""The addresses of the ISP's settings, besides the first page; of messages; and of support access."""

from django.urls import URLPattern, path

from portal.pages import branding, mailbox, support, wording

urlpatterns: list[URLPattern] = [
    path("settings/branding", branding.branding_page, name="branding"),
    path("settings/branding/colours", branding.derived_colours, name="branding-colours"),
    path("settings/languages/", wording.wording_start, name="wording"),
    path("settings/languages/add", wording.language_add, name="language-add"),
    path("settings/languages/<language>/remove", wording.language_remove, name="language-remove"),
    path("settings/languages/<language>", wording.wording_page, name="wording-language"),
    path("settings/languages/<language>/export", wording.wording_export, name="wording-export"),
    path("settings/languages/<language>/import", wording.wording_import, name="wording-import"),
    path("settings/support", support.support_page, name="support"),
    path("settings/support/<access_id>/end", support.end_access, name="support-end"),
    path("support/enter/<token>", support.enter, name="support-enter"),
    path("support/leave", support.leave, name="support-leave"),
    path("messages/", mailbox.messages_page, name="messages"),
    path("messages/new", mailbox.write, name="message-write"),
    path("messages/news", mailbox.news, name="message-news"),
    path("messages/read", mailbox.read_all, name="messages-read"),
    path("messages/<message_id>", mailbox.message_page, name="message"),
    path("messages/<message_id>/read", mailbox.read, name="message-read"),
    path("messages/<message_id>/delete", mailbox.delete, name="message-delete"),
]
