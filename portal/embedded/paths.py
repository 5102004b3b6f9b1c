"""Where mutable things live, and the installation's one secret, from which all the others are derived."""

import base64
import binascii
import hashlib
import importlib.util
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

REPOSITORY = Path(__file__).resolve().parents[2]
KEY_BYTES = 32
# A unix socket's path may have 107 bytes and a data folder may lie deep, so sockets live in a short folder elsewhere.
# Not TMPDIR: two terminals with different TMPDIRs must find the same database.
SOCKET_ROOT = Path("/tmp")  # noqa: S108 - the folder is made 0700/0711 and its owner is checked before use


class UnusableFolder(Exception):
    """A folder exists but somebody else owns it: a human must look at it."""


class BadMasterKey(Exception):
    """PERCH_MASTER_KEY or the key file is not 32 bytes in base64url: a human must restore the right one."""


def data_dir() -> Path:
    """The folder of everything mutable: PERCH_DATA_DIR, or `var/` in the repository. Absolute; made when absent."""
    folder = Path(os.environ.get("PERCH_DATA_DIR") or REPOSITORY / "var").expanduser().absolute()
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(folder_mode())
    return folder


def folder_mode() -> int:
    """0700; as root 0711, because PostgreSQL then runs as another user and must get through to its own folder."""
    return 0o711 if os.geteuid() == 0 else 0o700


def run_dir() -> Path:
    """The folder of the unix sockets, the same for every process of this data folder (PERCH_RUN_DIR overrides).

    It is there while Perch runs. Raises UnusableFolder when another user made it: whoever owns it could stand in for
    our database.
    """
    folder = Path(os.environ.get("PERCH_RUN_DIR") or SOCKET_ROOT / f"perch-{instance_id()}")
    if os.path.lexists(folder):
        _refuse_foreign(folder)
    return folder


def make_run_dir() -> Path:
    """The same, made when absent."""
    folder = run_dir()
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        folder.chmod(folder_mode())
    return folder


def instance_id() -> str:
    """Twelve hex digits that tell this data folder from every other one on the machine."""
    return hashlib.sha256(os.fsencode(data_dir().resolve())).hexdigest()[:12]


def _refuse_foreign(folder: Path) -> None:
    found = folder.lstat()
    trusted = {0, os.geteuid(), data_dir().stat().st_uid}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in trusted or found.st_mode & 0o022:
        raise UnusableFolder(f"{folder} is not a folder that only this user may write to; remove it")


def package_folder(name: str) -> Path:
    """Where an installed package lies, without importing it (the one of PostgreSQL warns when imported)."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {name} is not installed", name=name)
    return Path(spec.submodule_search_locations[0])


def master_key() -> bytes:
    """The 32 bytes all other secrets are derived from: PERCH_MASTER_KEY, or `<data>/master.key` (made at first use)."""
    from_environment = os.environ.get("PERCH_MASTER_KEY")
    if from_environment:
        return _decode_key(from_environment, "PERCH_MASTER_KEY")
    file = data_dir() / "master.key"
    if not file.exists():
        _create_key(file)
    return _decode_key(file.read_text(), str(file))


def _decode_key(text: str, origin: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.strip())
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise BadMasterKey(f"{origin} does not hold {KEY_BYTES} bytes in base64url")
    return key


def _create_key(file: Path) -> None:
    """Write a whole key beside its place and link it there: of two first starts one wins, and none reads half a key."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(fresh, file)
        except FileExistsError:
            return
    finally:
        fresh.unlink()


def derive(purpose: str) -> bytes:
    """32 bytes for one purpose (HKDF-SHA256 of the master key); one purpose's bytes tell nothing of another's."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"perch/{purpose}".encode()).derive(master_key())


def derive_text(purpose: str) -> str:
    """`derive` as 43 characters of base64url without padding: a password."""
    return base64.urlsafe_b64encode(derive(purpose)).rstrip(b"=").decode()
