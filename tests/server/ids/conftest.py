"""Servers with data services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.ids.ground import PREFIX, Ground, set_up
from tests.support.catalogue import RunningCatalogue, start, start_catalogue

__all__ = ["start"]

Options = Callable[[Path], list[str]]


def two_levels(folder: Path) -> list[str]:
    kinds = ("uploads", "archive", "links")
    folders = [option for kind in kinds for option in (f"--{kind}", str(folder / kind))]
    return ["--data", f"{PREFIX}={folder / 'raw'}", *folders]


def read_only(folder: Path) -> list[str]:
    return ["--data", f"{PREFIX}={folder / 'raw'}"]


def _ground(folder: Path, options: Options) -> Iterator[Ground]:
    (folder / "raw").mkdir(parents=True)
    server: RunningCatalogue = start_catalogue(folder / "catalogue", *options(folder))
    yield set_up(server, folder)
    server.stop()


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Two levels, uploads and links; everything that one can have."""
    yield from _ground(tmp_path_factory.mktemp("ids"), two_levels)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One level, nothing can be put or linked."""
    yield from _ground(tmp_path_factory.mktemp("ids-bare"), read_only)
