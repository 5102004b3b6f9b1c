"""The installation's own key pairs, one row a purpose. Not tenant-owned: all ISPs' tokens are signed with them."""

from __future__ import annotations

from django.db import models


class SigningKey(models.Model):
    """A key pair made once; the private half is sealed with a key derived from the master key (see the service).

    It lies in the database and not in a file, so that every web node signs and checks with the same one.
    """

    purpose = models.CharField(max_length=32, unique=True)
    public_pem = models.TextField()
    private_sealed = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"key pair for {self.purpose}"
