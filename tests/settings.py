"""portal.settings with a data folder of its own, made here because settings are the first thing pytest loads."""

from tests.folder import prepare

prepare()

from portal.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes its time on purpose
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Static files straight from their folders: no manifest to collect before a test.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
