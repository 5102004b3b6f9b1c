"""The models of `tenants`, one noun a file."""

from tenants.models.audit import AuditEntry
from tenants.models.domains import Domain, DomainHost
from tenants.models.organizations import Folder, FolderPermission, Membership, Organization
from tenants.models.outbox import OutboxMessage
from tenants.models.sessions import UserSession
from tenants.models.tokens import ApiKey, Token
from tenants.models.users import User

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Domain",
    "DomainHost",
    "Folder",
    "FolderPermission",
    "Membership",
    "Organization",
    "OutboxMessage",
    "Token",
    "User",
    "UserSession",
]
