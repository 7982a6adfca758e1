"""The settings under which the processes of the demonstration run, written where a person can read and reuse them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tomli_w

from drac_plugins.demo.verify import API_KEY


@dataclass(frozen=True, slots=True)
class Places:
    """Folders and ports. `state` holds databases, settings and logs; `data` holds visitor/."""

    data: Path
    state: Path
    port: int
    catalogue_port: int
    stomp_port: int
    monitor_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def catalogue_url(self) -> str:
        return f"http://127.0.0.1:{self.catalogue_port}"

    @property
    def settings_file(self) -> Path:
        return self.state / "drac.toml"

    @property
    def catalogue_database(self) -> str:
        return f"sqlite:///{self.state / 'icat.sqlite'}"


def write_settings(places: Places) -> None:
    """Write `drac.toml`. Announced `/data/visitor/…` is read below the data folder (only the prefix differs)."""
    settings = {
        "var": str(places.state),
        "facility": {"data_root": str(places.data)},
        "icat": {"url": places.catalogue_url},
        "auth": {"default_plugin": "simple", "api_keys": {"elogbook": API_KEY}},
        "store": {"url": f"sqlite:///{places.state / 'drac.sqlite'}"},
        "web": {"port": places.port},
        "ingest": {
            "listen": f"127.0.0.1:{places.stomp_port}",
            "monitor": f"127.0.0.1:{places.monitor_port}",
            "data_roots": ["/data", str(places.data)],
            "path_map": {"/data": str(places.data)},
        },
    }
    places.state.mkdir(parents=True, exist_ok=True)
    places.settings_file.write_text(tomli_w.dumps(settings), encoding="utf-8")
