"""API keys: shared secrets that name an application, with nobody behind them. Some are in the settings, others, which
are limited in what they may do and remember when they were used, in the store."""

from __future__ import annotations

from drac_plugins.core.apikeys.keys import ApiKeys, Application
from drac_plugins.core.apikeys.scopes import ACQUISITION, ARCHIVE, INGEST, SCOPES, Scope

__all__ = ["ACQUISITION", "ARCHIVE", "INGEST", "SCOPES", "ApiKeys", "Application", "Scope"]
