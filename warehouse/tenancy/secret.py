"""The secret that roles' passwords and the key of scopes are derived from."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from warehouse.settings import Settings

SECRET_FILE = Path("secrets") / "tenancy"
SECRET_BYTES = 32


def tenancy_secret(settings: Settings) -> bytes:
    """TENANCY_SECRET or, where none is set, a random one kept in the data directory for its owner's eyes alone."""
    if settings.tenancy_secret is not None:
        return settings.tenancy_secret.get_secret_value().encode()
    return _kept_secret(settings.data_path.expanduser().resolve() / SECRET_FILE)


def derive(secret: bytes, purpose: str) -> bytes:
    """A key for one purpose; from it nobody learns the secret, or the key for another purpose."""
    return hmac.new(secret, purpose.encode(), hashlib.sha256).digest()


def _kept_secret(file: Path) -> bytes:
    if file.exists():
        return file.read_bytes()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Written aside and linked, so that of several processes that start at once all have the same whole secret.
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(secrets.token_hex(SECRET_BYTES).encode())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_bytes()
