"""Where the service keeps its data and finds its ``.env``, whatever the current folder is.

Both have one home: the checkout that the package runs from, or else the user's data folder. What lives in the
current folder is used where the home has nothing of the kind, and is never passed over in silence.
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

    Raises ConfigurationError where the home and the current folder hold a service each.
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

    Raises ConfigurationError where the home and the current folder hold one each, or a named one is missing.
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
    """Return what is in use for no other reason than that it lies in the current folder.

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
    """Other programs keep a ``.env`` too: theirs may name a DATABASE_URL that is none of ours."""
    try:
        return b"NEWSLETTER" in env_file.read_bytes() or _holds_a_service(env_file.parent / "var")
    except OSError:
        return True  # whoever reads it says why it cannot be read


def _are_the_same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)
