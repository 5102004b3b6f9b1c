"""Settings: every value has a default that runs; docs/operations.md lists the environment.

The next reader: to add a variable, use one of the three helpers, give a default, and add a row to that table.
"""

import os
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from portal.embedded import database, paths, queue


def env(name: str, default: str = "") -> str:
    """A text from the environment."""
    return os.environ.get(name, default)


def env_bool(name: str, default: bool) -> bool:
    """A switch from the environment: 1, true, yes, on."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def env_int(name: str, default: int) -> int:
    """A whole number from the environment."""
    return int(os.environ.get(name) or default)


BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = paths.data_dir()

PORT = env_int("PORT", 8000)
PERCH_STREAMER_PORT = env_int("PERCH_STREAMER_PORT", PORT + 1)
PERCH_RTSP_PORT = env_int("PERCH_RTSP_PORT", PERCH_STREAMER_PORT + 553)  # 8554 beside 8001
PERCH_DERIVE = paths.derive
PERCH_KEY_DIR = DATA_DIR / "keys"
# Networks (besides the public Internet) that cameras may be in; loopback only where the demo or a test opens it.
PERCH_CAMERA_NETWORKS = env("PERCH_CAMERA_NETWORKS")
# The mail server for ISPs that name none of their own, and for the first mail of a new ISP.
PERCH_SMTP = {
    "host": env("PERCH_SMTP_HOST"),
    "port": env_int("PERCH_SMTP_PORT", 587),
    "security": env("PERCH_SMTP_SECURITY", "starttls"),
    "login": env("PERCH_SMTP_LOGIN"),
    "password": env("PERCH_SMTP_PASSWORD"),
    "sender": env("PERCH_SMTP_FROM", "perch@localhost"),
}
# Where super administrators are: no ISP's host name, and no ISP is shown there.
PERCH_ADMIN_HOSTS = env("PERCH_ADMIN_HOST", "admin.localhost").split(",")
# The scheme that browsers use; behind a TLS proxy this is https.
PERCH_SCHEME = env("PERCH_SCHEME", "http")
PERCH_LOG_LEVEL = env("PERCH_LOG_LEVEL", "INFO")

SECRET_KEY = paths.derive("django-secret-key").hex()
DEBUG = False
# The Host header is checked against the table of ISPs' host names, which is stricter than a list here (T16).
ALLOWED_HOSTS = ["*"]
USE_X_FORWARDED_HOST = False

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.postgres",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "csp",
    "django_dramatiq",
    "tenants",
    "devices",
    "billing",
    "portal",
]

MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.HealthMiddleware",
    "portal.middleware.SlashMiddleware",
    "portal.middleware.DomainMiddleware",
    "portal.installation.sessions.HostSessionMiddleware",
    "portal.middleware.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.middleware.UserMiddleware",
    "portal.analytics.AnalyticsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.middleware.ErrorMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.pages.context.portal",
            ],
        },
    }
]

DB_ROLE: database.Role = database.as_role(env("PERCH_DB_ROLE", "app"))

DATABASES = {
    "default": {
        **database.django_database(DB_ROLE),
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 0,
    }
}
STATEMENT_TIMEOUT_MS = env_int("PERCH_STATEMENT_TIMEOUT_MS", 0)
if STATEMENT_TIMEOUT_MS:
    DATABASES["default"]["OPTIONS"]["options"] = f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
# For tenants.statements only: Django's own cursors never prepare.
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 5
if DB_ROLE == "app":
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        # Connecting costs 7 ms, a pool 0.7 (measured.md). Its back-off doubles up to reconnect_timeout: by default an
        # outage of a minute would cost another one after the database is back.
        "pool": {"min_size": 1, "max_size": env_int("PERCH_DB_POOL", 12), "timeout": 10, "reconnect_timeout": 4},
    }

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["tenants.backends.LoginBackend", "tenants.backends.SupportBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "tenants.password_rules.LengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["tenants.hashers.PerchArgon2Hasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
SILENCED_SYSTEM_CHECKS = [
    "auth.E003",  # logins are unique per ISP, not globally
    "auth.W004",
    "security.W003",  # CSRF middleware is there
    "security.W008",  # the TLS redirect is the proxy's
    "security.W002",
    "security.W005",  # sub-domains of an ISP's name, and the browsers' preload list, are the ISP's to decide on
    "security.W021",
    "drf_spectacular.W001",  # the aliases under /domains/{id}/ are the same operations by another name
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "cameras"

SESSION_ENGINE = "portal.sessions"
SESSION_COOKIE_NAME = "perch_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PERCH_SCHEME == "https"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SECURE = PERCH_SCHEME == "https"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.pages.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if PERCH_SCHEME == "https" else 0
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "media-src": ["'self'", "blob:"],
        "worker-src": ["'self'", "blob:"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.storage.HashedStorage"},
}
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = DATA_DIR / "media"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.permissions.SignedIn"],
    "DEFAULT_RENDERER_CLASSES": ["portal.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "portal.api.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Perch API",
    "DESCRIPTION": (
        "The Watcher v2 dialect. docs/api-v2.md tells how to sign in, and what differs from the reference and why."
    ),
    "VERSION": "2",
}

BROKER_URL = queue.broker_url()
DRAMATIQ_BROKER = {
    "BROKER": "dramatiq.brokers.redis.RedisBroker",
    "OPTIONS": {"url": BROKER_URL},
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Retries",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
    ],
}
DRAMATIQ_AUTODISCOVER_MODULES = ["tasks"]

# The dotted name of what hands a task to the queue: (actor, arguments) -> None.
PERCH_ENQUEUE = "portal.queue.enqueue"

CHANNEL_LAYER_URL = env("CHANNEL_LAYER_URL")
# Live events travel by LISTEN/NOTIFY (measured.md); a layer is left for what is rare.
CHANNEL_LAYERS = {
    "default": (
        {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [CHANNEL_LAYER_URL]}}
        if CHANNEL_LAYER_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"scrub": {"()": "portal.logs.Scrub"}, "request": {"()": "portal.logs.RequestId"}},
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s %(domain_id)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request", "scrub"]}},
    "root": {"handlers": ["stderr"], "level": PERCH_LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": False},
        "httpx": {"level": "WARNING"},
    },
}
