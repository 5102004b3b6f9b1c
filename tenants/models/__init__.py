"""The models of `tenants`, one noun a file."""

from tenants.models.audit import AuditEntry
from tenants.models.changes import Change
from tenants.models.demo import DemoAccess
from tenants.models.domains import Domain, DomainHost
from tenants.models.floor_plans import FloorPlan
from tenants.models.idempotency import IdempotentAnswer
from tenants.models.identity_providers import ExternalIdentity, IdentityProvider
from tenants.models.mail import Mail, MailRelay, MailTemplate
from tenants.models.organizations import Folder, FolderPermission, Membership, Organization
from tenants.models.outbox import OutboxMessage
from tenants.models.outer_doors import OuterDoor, OuterVerdict
from tenants.models.second_factors import OneTimeGenerator, Passkey, RecoveryCode
from tenants.models.sessions import UserSession
from tenants.models.signing import SigningKey
from tenants.models.sign_in import SignInBrake, SignInEntry
from tenants.models.tokens import ApiKey, Token
from tenants.models.users import User
from tenants.models.webhooks import Webhook, WebhookDelivery

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Change",
    "DemoAccess",
    "Domain",
    "DomainHost",
    "ExternalIdentity",
    "FloorPlan",
    "Folder",
    "FolderPermission",
    "IdempotentAnswer",
    "IdentityProvider",
    "Mail",
    "MailRelay",
    "MailTemplate",
    "Membership",
    "OneTimeGenerator",
    "Organization",
    "OutboxMessage",
    "OuterDoor",
    "OuterVerdict",
    "Passkey",
    "RecoveryCode",
    "SignInBrake",
    "SignInEntry",
    "Token",
    "User",
    "UserSession",
    "Webhook",
    "WebhookDelivery",
]
