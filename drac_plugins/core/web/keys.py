"""The key that signs the cookies of the pages."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from drac_plugins.core.settings import Settings, SettingsError


def secret_key(settings: Settings) -> str:
    """`web.secret_key`; without it one is made at the first start and kept in `<var>/secret-key`, readable by the owner
    only, so that processes and restarts share it. Raises SettingsError when it can be neither read nor written."""
    if settings.web.secret_key is not None:
        return settings.web.secret_key.get_secret_value()
    path = settings.var / "secret-key"
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
        _make(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be used ({error}); set web.secret_key instead") from error
    if len(key) < 32:
        raise SettingsError(f"{path}: too short for a key; remove the file, a new one is then made")
    return key


def _make(path: Path) -> None:
    """Write a new key unless there is one; complete before it appears under its name."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was quicker; its key counts
    finally:
        draft.unlink()
