"""Mail: an ISP's own server, its own texts, and every mail on its way."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedModel


def new_secret_id() -> str:
    """A random text that ties encrypted fields to their row before the row has a number."""
    return uuid.uuid4().hex


class MailRelay(ScopedModel):
    """The SMTP server that takes an ISP's mails (item 174). Without one, the installation's own is used."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", _("STARTTLS")
        TLS = "tls", _("TLS from the start")
        NONE = "none", _("not encrypted")

    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    host = models.CharField(_("server"), max_length=253)
    port = models.PositiveIntegerField(
        _("port"), default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(_("encryption"), max_length=10, choices=Security.choices, default=Security.STARTTLS)
    login = models.CharField(_("login"), max_length=200, blank=True)
    password_sealed = EncryptedTextField(blank=True)
    sender = models.EmailField(_("sender's address"))
    sender_name = models.CharField(_("sender's name"), max_length=100, blank=True)

    password = secret_property("password_sealed")

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", name="tenants_mailrelay_once")]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class MailTemplate(ScopedModel):
    """An ISP's own text of a mail in place of ours (item 175): what `custom_NAME.email` and `.html` are elsewhere."""

    name = models.CharField(max_length=50)
    locale = models.CharField(max_length=10)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)

    class Meta(ScopedModel.Meta):
        ordering = ["name", "locale"]
        constraints = [models.UniqueConstraint("domain", "name", "locale", name="tenants_mailtemplate_once")]

    def __str__(self) -> str:
        return f"custom_{self.name}.email ({self.locale})"


class Mail(ScopedModel):
    """A mail to be sent, kept until a server took it or it made no sense any more.

    `data_sealed` holds what the template is filled with; it may carry a token and is emptied once the mail is gone.
    """

    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    template = models.CharField(max_length=50)
    locale = models.CharField(max_length=10)
    recipient = models.EmailField()
    data_sealed = EncryptedTextField(blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    data = secret_property("data_sealed")

    class Meta(ScopedModel.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["domain", "next_try_at"], condition=Q(sent_at=None, failed_at=None), name="tenants_mail_waiting"
            ),
            models.Index(fields=["domain", "-id"], name="tenants_mail_recent"),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk} {self.template}"
