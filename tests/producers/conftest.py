"""The gate runs a part; `make producers` everything."""

from tests.producers.thorough import pytest_collection_modifyitems

__all__ = ["pytest_collection_modifyitems"]
