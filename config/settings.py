"""Django's settings, all derived from the typed environment."""

from datetime import timedelta
from typing import Any

import dj_database_url

from config.blob_storage import blob_storage
from config.environment import LOCAL_DIR, ROOT, read_what_is_sound
from config.local_secret_key import local_secret_key
from config.openapi.settings import SPECTACULAR_SETTINGS  # noqa: F401 - a setting
from config.postgres import local_database_url
from config.unfold import UNFOLD  # noqa: F401 - a setting
from config.web.cors_headers import ALLOWED_HEADERS, EXPOSED_HEADERS
from config.web.lockout import AXES
from spaces.liveness import check_for_django

ENV, ENV_PROBLEMS = read_what_is_sound()
IS_LOCAL = ENV.is_local
IS_TEST = ENV.callboard_local == "test"


def _secret(value: Any) -> str:
    return value.get_secret_value() if value is not None else ""


def _database(url: str) -> dict[str, Any]:
    """Empty for what is no PostgreSQL, which a system check then says."""
    try:
        parsed = dict(dj_database_url.parse(url)) if url else {}
    except ValueError:
        return {}
    return parsed if parsed.get("ENGINE") == "django.db.backends.postgresql" else {}


def _pool(size: int) -> dict[str, Any]:
    """After the database's restart a pooled connection is found dead before a request meets it.

    Connecting is given up with those who wait for it, and begins anew with whoever asks next: else its pauses
    would double for minutes, and the database be back long before anybody noticed.
    """
    return {
        "min_size": 2,
        "max_size": size,
        "timeout": 10,
        "reconnect_timeout": 10,
        "check": check_for_django,
    }


DEBUG = False
SECRET_KEY = _secret(ENV.secret_key) or (local_secret_key(LOCAL_DIR) if IS_LOCAL else "")
SECRET_KEY_FALLBACKS = ENV.secret_key_fallbacks
ENCRYPTION_KEYS = ENV.encryption_keys  # by id, the newest first; see objectives.encryption
ALLOWED_HOSTS = ENV.allowed_hosts or (["127.0.0.1", "localhost", "[::1]", "testserver"] if IS_LOCAL else [])
ALLOWED_ORIGINS = ENV.allowed_origins
CSRF_TRUSTED_ORIGINS = ENV.allowed_origins
CORS_ALLOWED_ORIGINS = ENV.allowed_origins
CORS_ALLOW_CREDENTIALS = True
CORS_ALLOW_HEADERS = ALLOWED_HEADERS
CORS_EXPOSE_HEADERS = EXPOSED_HEADERS
PUBLIC_URL = ENV.public_url.rstrip("/")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "config.apps.CallboardConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_filters",
    "rest_framework",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "procrastinate.contrib.django",
    "channels",
    "axes",
    "spaces",
    "executions",
    "objectives",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.server.requests.PageMessages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.web.content_security.AdminPolicyMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"formatting": "spaces.admin.kit.formatting"},
        },
    }
]

# --- database -------------------------------------------------------------------------------------
DATABASE_URL = _secret(ENV.database_url) or (local_database_url() if IS_LOCAL else "")
LISTEN_URL = _secret(ENV.database_listen_url) or DATABASE_URL
REDIS_URL = _secret(ENV.redis_url)
DATABASES: dict[str, Any] = {"default": _database(DATABASE_URL)}
if DATABASES["default"]:
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        # The hottest statements are planned once a connection, which a pooler in between does not allow.
        "prepare_threshold": 5 if LISTEN_URL == DATABASE_URL else None,
        # A database machine that vanishes without a word is noticed within half a minute.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
        # Tests drop their database at the end, which a pool's idle connections would forbid.
        **({} if IS_TEST else {"pool": _pool(ENV.database_pool_size)}),
    }
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "spaces.Principal"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it ends the asking where too much was guessed
    "django.contrib.auth.backends.ModelBackend",
]
globals().update(AXES)
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if IS_TEST
    else ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- files ----------------------------------------------------------------------------------------
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "blobs": blob_storage(ENV),
}
RUN_DIR = ENV.run_dir
SKILL_PYTHON = ENV.skill_python
STATIC_URL = "/static/"
STATIC_ROOT = LOCAL_DIR / "static"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # bytes of a JSON body; uploads stream to files
FILE_UPLOAD_MAX_MEMORY_SIZE = 1 * 1024 * 1024

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["spaces.authentication.KeyOrSession"],
    "DEFAULT_PERMISSION_CLASSES": ["spaces.api.permissions.OpenToTicket"],
    "DEFAULT_RENDERER_CLASSES": ["config.web.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["spaces.api.json_parsing.StrictJsonParser"],
    "DEFAULT_THROTTLE_RATES": {"key": ENV.rate_limit, "ticket": "600/min"},  # read by `spaces.throttling`
    "DEFAULT_SCHEMA_CLASS": "spaces.api.operations.OperationSchema",
    "DEFAULT_METADATA_CLASS": None,  # the OpenAPI document describes the routes
    "EXCEPTION_HANDLER": "config.errors.handler.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "DATETIME_FORMAT": "iso-8601",
}
STATUS_HANDLER = "config.errors.google_status.status_handler"  # the same for the workspace API
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        }
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # a counter for every key lately in use
        }
    )
}
# Seconds until an open stream ends whose key or membership is over, or whose client has stopped reading.
STREAM_RECHECK_SECONDS = 5.0
STREAM_STALL_SECONDS = 30.0
STREAM_HEAL_SECONDS = 1.0  # between looks for events whose wake-up was lost
MAX_STREAMS = ENV.max_streams  # open streams and sockets of one key, or person, in one web process
MAX_STREAMS_OF_A_TICKET = 20  # of these, so that one browser does not take the place of all others
CHANNEL_LAYERS: dict[str, Any] = {}  # wake-ups travel over LISTEN/NOTIFY or Redis by the run log itself

# --- what runs ------------------------------------------------------------------------------------
MODELS = ENV.models
DEFAULT_MODEL = ENV.default_model
DEFAULT_BUDGET_USD = ENV.default_budget_usd
GUARDED_TRANSPORT = (
    "objectives.tool_executors.guarded_transport.ModelTransport"  # to models whose address a tenant gave
)
PRIVATE_TOOL_HOSTS = ENV.private_tool_hosts  # names and networks that HTTP tools may reach beside public ones
EVENT_RETENTION = timedelta(days=ENV.event_retention_days)

# --- the rest -------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"  # a setting of the format alone gives way to the language's own
# Without a database Django would complain that none has the features that ours needs; one sentence is enough.
SILENCED_SYSTEM_CHECKS = [] if DATABASES["default"] else ["fields.E220", "fields.E222", "models.W047"]
SILENCED_SYSTEM_CHECKS += ["axes.W002"]  # asks for a middleware in whose place the sign-in pages do it
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
if not IS_LOCAL and ENV.https_only:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
if ENV.trust_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_HTTPONLY = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"built": {"()": "config.request_logs.OnlyWhatIsBuilt"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": ENV.log_level},
    "loggers": {
        # A client that tells each request, a queue each job, a guard each sign-in: they drown what matters.
        "httpx2": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        # Those that tell more: at DEBUG the headers of requests and answers, a token among them.
        "httpcore2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "anthropic": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "google": {"level": "WARNING"},
        "google_genai": {"level": "WARNING"},
        # A 4xx is the caller's to know; asking for what is not there yet is what callers are told to do.
        # So is a 501, which Django counts among our own failures.
        "django.request": {"level": "ERROR", "filters": ["built"]},
    },
}
