"""Password hashing tuned for a portal on small machines."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class PerchArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes: Django's 100 MiB a login lets ten sign-ins fill a gigabyte."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
