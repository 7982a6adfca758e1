"""The gate runs a part; `make producers` everything."""

from tests.producers.thorough import pytest_collection_modifyitems
from tests.support.catalogue import catalogue
from tests.support.facade import facade

__all__ = ["catalogue", "facade", "pytest_collection_modifyitems"]
