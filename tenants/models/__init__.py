"""The models of `tenants`, one noun a file."""

from tenants.models.audit import AuditEntry
from tenants.models.brand import BrandPicture
from tenants.models.changes import Change
from tenants.models.demo import DemoAccess
from tenants.models.domains import Domain, DomainHost
from tenants.models.floor_plans import FloorPlan
from tenants.models.idempotency import IdempotentAnswer
from tenants.models.identity_providers import ExternalIdentity, IdentityProvider
from tenants.models.installation import (
    InstallationEntry,
    IspFigures,
    SuperAdministrator,
    SuperSession,
    SuperSignIn,
    SupportAccess,
)
from tenants.models.mail import Mail, MailRelay, MailTemplate
from tenants.models.messages import Message, MessageReading
from tenants.models.organizations import Folder, FolderPermission, Membership, Organization
from tenants.models.outbox import OutboxMessage
from tenants.models.outer_doors import OuterDoor, OuterVerdict
from tenants.models.second_factors import OneTimeGenerator, Passkey, RecoveryCode
from tenants.models.sessions import UserSession
from tenants.models.sign_in import SignInBrake, SignInEntry
from tenants.models.signing import SigningKey
from tenants.models.tokens import ApiKey, Token
from tenants.models.users import User
from tenants.models.webhooks import Webhook, WebhookDelivery
from tenants.models.wording import Wording
from tenants.models.words import OrganizationWord, UserWord

__all__ = [
    "ApiKey",
    "AuditEntry",
    "BrandPicture",
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
    "InstallationEntry",
    "IspFigures",
    "Mail",
    "MailRelay",
    "MailTemplate",
    "Membership",
    "Message",
    "MessageReading",
    "OneTimeGenerator",
    "Organization",
    "OrganizationWord",
    "OutboxMessage",
    "OuterDoor",
    "OuterVerdict",
    "Passkey",
    "RecoveryCode",
    "SignInBrake",
    "SignInEntry",
    "SigningKey",
    "SuperAdministrator",
    "SuperSession",
    "SuperSignIn",
    "SupportAccess",
    "Token",
    "User",
    "UserSession",
    "UserWord",
    "Webhook",
    "WebhookDelivery",
    "Wording",
]
