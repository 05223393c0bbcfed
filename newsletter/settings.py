"""Django's settings, derived from ``config``, the only reader of the environment."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.conf.locale import LANG_INFO

from newsletter.config import Config, load_config
from newsletter.config.private_files import close_to_others, make_private_folder, write_private_files
from newsletter.config.values import is_weak
from newsletter.errors import ConfigurationError
from newsletter.languages import INTERFACE_LANGUAGES

CONFIG: Config = load_config()
write_private_files()  # umask for all files made from here on

PACKAGE_DIR = Path(__file__).resolve().parent
TEMPLATE_DIR = next(
    folder for folder in (PACKAGE_DIR / "templates", PACKAGE_DIR.parent / "templates") if folder.is_dir()
)
DATA_DIR = CONFIG.data_dir.absolute()


def _data_dir() -> Path:
    """Return the data folder, made when it is missing."""
    try:
        make_private_folder(DATA_DIR)
    except OSError as error:
        raise _unwritable(error) from None
    return DATA_DIR


def _unwritable(error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"NEWSLETTER_DATA_DIR is {str(DATA_DIR)!r}, which cannot be written: {error.strerror}"
    )


def _secret_keys() -> list[str]:
    """Return the keys, newest first. Without one in the settings, make one and keep it in the data folder."""
    if CONFIG.secret_key:
        return [key.strip() for key in CONFIG.secret_key.split(",") if key.strip()]
    path = _data_dir() / "secret_key"
    try:
        with path.open("x", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise _unwritable(error) from None
    close_to_others(path)
    kept = path.read_text(encoding="ascii").strip()
    if is_weak(kept):
        raise ConfigurationError(
            f"{path} holds no key that can be used: put back the one that was there, from a back-up, or a "
            "new one (openssl rand -hex 32)"
        )
    return [kept]


if DATA_DIR.is_dir():
    make_private_folder(DATA_DIR)  # an earlier version, or a mount, may have left it open
SECRET_KEY, *SECRET_KEY_FALLBACKS = _secret_keys()
DEBUG = False
# /healthz, /readyz and /metrics answer on any Host, for probes; the other pages check it in web/hosts.py.
ALLOWED_HOSTS = ["*"]
BASE_HOST = urlsplit(CONFIG.base_url).hostname or "localhost"
CSRF_TRUSTED_ORIGINS = [CONFIG.base_url]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if CONFIG.base_url.startswith("https://") else None
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONFIG.base_url.startswith("https://")
CSRF_FAILURE_VIEW = "newsletter.web.pages.csrf_failure"
X_FRAME_OPTIONS = "DENY"
FILE_UPLOAD_HANDLERS = ["newsletter.web.uploads.LibraryFile"]
APPEND_SLASH = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "newsletter",
]
MIDDLEWARE = [
    "newsletter.web.links.TrimLinks",
    "newsletter.web.hosts.CheckHost",
    "newsletter.web.headers.SecurityHeaders",
    "newsletter.web.nul.RefuseNul",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "newsletter.web.origins.CheckOrigin",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # the last one: it replaces a refused login's page
]
# Only the admin has sessions, so its cookie is limited to it.
SESSION_COOKIE_PATH = "/admin/"

# The admin's login: five failures from one address (of IPv6: a /64), whatever the names, then an hour's wait.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(hours=1)
AXES_LOCKOUT_PARAMETERS = ["ip_address"]
AXES_CLIENT_IP_CALLABLE = "newsletter.web.clients.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # further tries do not extend the hour
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # do not store who logged in from where
AXES_LOCKOUT_TEMPLATE = "login-locked.html"
AXES_VERBOSE = False
ROOT_URLCONF = "newsletter.web.urls"
WSGI_APPLICATION = "newsletter.web.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [TEMPLATE_DIR / "web"],
        "OPTIONS": {
            "environment": "newsletter.web.jinja.environment",
            "context_processors": ["newsletter.web.jinja.one_csrf_field"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [TEMPLATE_DIR / "admin"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "newsletter.admin.pauses.active_pauses",
            ]
        },
    },
]


_NO_DATABASE = (
    "DATABASE_URL is what was given, but must be postgresql://user:password@host:5432/name "
    "(or sqlite:////path/to/file.sqlite3)"
)


def _database() -> dict[str, Any]:
    if CONFIG.database_url:
        try:
            parsed: dict[str, Any] = dict(dj_database_url.parse(CONFIG.database_url, conn_max_age=60))
        except (ValueError, KeyError):
            raise ConfigurationError(_NO_DATABASE) from None
        if not parsed.get("NAME"):
            raise ConfigurationError(_NO_DATABASE)
    else:
        parsed = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(_data_dir() / "newsletter.sqlite3")}
    if not parsed["ENGINE"].endswith("sqlite3"):
        # The address may leave it out: POSTGRES_PASSWORD is what the database's own container is given.
        parsed["PASSWORD"] = parsed.get("PASSWORD") or CONFIG.postgres_password
    else:
        # A deferred read-then-write fails at once despite the time-out: begin every transaction as a writer.
        parsed["CONN_MAX_AGE"] = 60  # opening a connection costs more than most requests
        parsed["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        }
        for tail in ("", "-wal", "-shm"):  # made by an earlier version, or restored
            close_to_others(Path(f"{parsed['NAME']}{tail}"))
    return parsed


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [(code, str(LANG_INFO.get(code, {}).get("name_local", code))) for code in INTERFACE_LANGUAGES]
LOCALE_PATHS = [PACKAGE_DIR / "languages"]
FORMAT_MODULE_PATH = "newsletter.languages"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # Public pages (web/rendered.py). Those not asked for the longest go first; none gets older than TIMEOUT.
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "TIMEOUT": 600,
        "OPTIONS": {"MAX_ENTRIES": 1000},
    },
}

LOGIN_REDIRECT_URL = "/admin/"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "newsletter.web.log_lines.LogLine",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "handlers": {"console": {"class": "newsletter.config.console_log.ConsoleHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "newsletter": {"level": "INFO"},
        "worker": {"level": "INFO"},
        # It would log each request that waits for a thread.
        "waitress.queue": {"level": "ERROR"},
        # Our own adapter reports the entries that it skips.
        "arxiv": {"level": "ERROR"},
    },
}
