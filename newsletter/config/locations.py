"""Where the service keeps its data and finds its ``.env``, independent of the current folder.

Both have one home: the checkout that the package runs from, else the user's data folder. Files in the current
folder are used if the home has none, and never ignored silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from newsletter.errors import ConfigurationError

ENV_FILE = "NEWSLETTER_ENV_FILE"
"""Names the file to read instead of ``.env``; it is no setting itself, since it says where they are."""
CHECKOUT = Path(__file__).resolve().parents[2]
_OF_A_SERVICE = ("newsletter.sqlite3", "secret_key", "outbox", "media")


def home() -> Path:
    """Return the checkout that this package runs from, or else the user's data folder."""
    if _is_checkout():
        return CHECKOUT
    from platformdirs import user_data_path  # not needed from a checkout

    return user_data_path("arxiv-newsletter", appauthor=False)


def data_folder() -> Path:
    """Return the data folder of a service whose settings name none.

    Raises ConfigurationError if both the home and the current folder hold a service.
    """
    own, here = (home() / "var" if _is_checkout() else home()), _here("var")
    if here is None or not _holds_a_service(here) or _are_the_same(own, here):
        return own
    if _holds_a_service(own):
        raise ConfigurationError(
            f"there is a service in {own} and another in {here}, the current folder's: "
            "set NEWSLETTER_DATA_DIR to the one that is meant"
        )
    return here


def env_file(environ: Mapping[str, str]) -> Path:
    """Return the file of settings; it need not be there.

    Raises ConfigurationError if both the home and the current folder hold one, or the named one is missing.
    """
    if named := environ.get(ENV_FILE):
        path = Path(named).expanduser().absolute()
        if not path.exists():
            raise ConfigurationError(f"{ENV_FILE} is {named!r}, which is not there")
        return path
    own, here = home() / ".env", _here(".env")
    if here is None or _are_the_same(own, here) or not _is_ours(here):
        return own
    if own.is_file():
        raise ConfigurationError(
            f"there are settings in {own} and in {here}, the current folder's: keep one of the files, "
            f"or name it with {ENV_FILE}"
        )
    return here


def only_here(environ: Mapping[str, str], *, data: Path | None) -> list[Path]:
    """Return what is in use only because it is in the current folder.

    ``data`` is the data folder, where no setting names it.
    """
    settings = None if environ.get(ENV_FILE) else env_file(environ)
    found = [(data, _here("var")), (settings, _here(".env"))]
    return [path for path, here in found if path and path == here and path.parent != home()]


def _is_checkout() -> bool:
    return (CHECKOUT / "pyproject.toml").is_file()


def _here(name: str) -> Path | None:
    """Return what the current folder has of this name."""
    try:
        path = Path(name).absolute()
    except FileNotFoundError:  # the current folder was removed
        return None
    return path if path.exists() else None


def _holds_a_service(folder: Path) -> bool:
    return any((folder / name).exists() for name in _OF_A_SERVICE)


def _is_ours(env_file: Path) -> bool:
    """Other programs have a ``.env`` too, whose DATABASE_URL is not ours."""
    try:
        return b"NEWSLETTER" in env_file.read_bytes() or _holds_a_service(env_file.parent / "var")
    except OSError:
        return True  # the reader of the file reports the error


def _are_the_same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)
