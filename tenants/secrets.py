"""Making and recognising secrets that are kept as hashes only."""

import hashlib
import secrets
import uuid


def new_secret(prefix: str = "") -> str:
    """A random secret of 256 bits in URL-safe letters."""
    return f"{prefix}{secrets.token_urlsafe(32)}"


def digest(secret: str) -> str:
    """The form a secret is stored and looked up by. Secrets are random, so a plain SHA-256 serves."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret_id() -> str:
    """A random text that ties encrypted fields to their row before the row has a number."""
    return uuid.uuid4().hex
