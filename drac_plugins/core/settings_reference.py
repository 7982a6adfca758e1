"""The settings file with every setting, its default and its meaning: generated, so that it cannot be out of date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, SecretStr

from drac_plugins.core.settings import Settings

_HEAD = """\
# Settings of drac-plugins. Every setting is here with its default, commented out: remove the # to change it.
# The environment wins over this file: DRAC_<SECTION>__<KEY>, for example DRAC_WEB__PORT=9000.
# Which file is read: drac --config FILE, else the variable DRAC_CONFIG, else none (the defaults).
# This file is generated from drac_plugins/core/settings.py: python -m drac_plugins.core.settings_reference
"""


def reference() -> str:
    """The text of `conf/drac.toml`."""
    return _HEAD + "\n" + "\n".join(_lines(Settings(), "")) + "\n"


def _lines(section: BaseModel, path: str) -> Iterator[str]:
    """Own keys first, tables after them, as TOML wants it."""
    tables: list[tuple[str, BaseModel]] = []
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            tables.append((f"{path}{name}", value))
            continue
        if field.description:
            yield f"# {field.description}"
        yield from (f"#{line}" for line in _assignment(name, value))
    for title, table in tables:
        yield from ("", f"[{title}]")
        yield from _lines(table, f"{title}.")


def _assignment(name: str, value: Any) -> list[str]:
    if value is None:
        return [f'{name} = ""  # not set']
    if isinstance(value, Mapping):
        return [f"{name} = {{}}"]
    if isinstance(value, tuple):
        return [f"{name} = {json.dumps(value)}"]  # on one line; JSON's lists of texts and numbers are TOML's
    return tomli_w.dumps({name: _plain(value)}).splitlines()


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value)
    return value


if __name__ == "__main__":
    Path("conf/drac.toml").write_text(reference(), encoding="utf-8")
