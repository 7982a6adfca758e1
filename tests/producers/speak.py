"""Run in the environment of one release of pyicat-plus: makes the calls it is told to, as any program would.

Reads one JSON object from stdin: `client` (arguments of IcatClient; those that the release does not know are left out)
and `calls`, a list of [name, arguments]. Writes one JSON object: per call its result as text, `absent` for one that the
release does not have, or `failed: ...`; and `offers`, the names of all calls of the release.
"""

from __future__ import annotations

import inspect
import json
import sys
from datetime import datetime
from typing import Any

from pyicat_plus.client.main import IcatClient


def archive_types() -> Any:
    """The enumerations have had two homes."""
    try:
        from pyicat_plus.client import types

        return types.ArchiveStatusType, types.ArchiveStatusLevel
    except (ImportError, AttributeError):
        from pyicat_plus.client import archive

        return archive.StatusType, archive.StatusLevel


def prepared(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    made = {key: datetime.fromisoformat(v) if key.endswith("datetime") else v for key, v in arguments.items()}
    if name == "update_archive_restore_status":
        kind, level = archive_types()
        made |= {"type": kind(made["type"]), "level": level(made["level"])}
    return made


def called(client: Any, name: str, arguments: dict[str, Any]) -> str:
    if name == "check_health":
        client.metadata_client.check_health()
        return "healthy"
    method = getattr(client, name, None)
    if method is None:
        return "absent"
    try:
        return str(method(**prepared(name, arguments)))
    except Exception as error:
        return f"failed: {type(error).__name__}: {error}"


def main() -> None:
    order = json.load(sys.stdin)
    known = inspect.signature(IcatClient.__init__).parameters
    client = IcatClient(**{key: value for key, value in order["client"].items() if key in known})
    results = {name: called(client, name, arguments) for name, arguments in order["calls"]}
    if hasattr(client, "disconnect"):
        client.disconnect()
    offers = [name for name, _ in inspect.getmembers(IcatClient, inspect.isfunction) if not name.startswith("_")]
    print(json.dumps({"results": results, "offers": offers}))


if __name__ == "__main__":
    main()
