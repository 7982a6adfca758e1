"""The stock library and the reader that most display tests use."""

from __future__ import annotations

import pytest

from displays.library import Library, stock_documents
from displays.reader import Reader
from icat_schema.parameters import vocabulary
from icat_schema.techniques import techniques
from tests.displays.datasets import PARIS


@pytest.fixture(scope="session")
def stock() -> Library:
    """The documents that ship with the engine."""
    return Library.load(stock_documents(), vocabulary(), techniques(), PARIS)


@pytest.fixture
def reader() -> Reader:
    """A reader without preferences, in Paris."""
    return Reader(PARIS, vocabulary(), techniques())
