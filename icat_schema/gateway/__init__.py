"""The only door to an ICAT server.

    catalogue = Catalogue(GatewaySettings("http://127.0.0.1:8181"))
    session = catalogue.login("simple", {"username": "ada", "password": "..."})
    session.rows(Select("Dataset", ["id", "name"], Eq("investigation.id", 12)))

Sessions and deletions go through python-icat, reads are tuple queries over ICAT's REST interface, writes are batches
over REST. Everything fails with a `CatalogueError` (see `errors.py`).
"""

from icat_schema.gateway.catalogue import Catalogue
from icat_schema.gateway.changes import Change, New, Ref
from icat_schema.gateway.counting import CallCount
from icat_schema.gateway.data_service import DataService, Selection
from icat_schema.gateway.query import Select
from icat_schema.gateway.session import ServiceSession, Session
from icat_schema.gateway.settings import GatewaySettings, ServerProperties

__all__ = [
    "CallCount",
    "Catalogue",
    "Change",
    "DataService",
    "GatewaySettings",
    "New",
    "Ref",
    "Select",
    "Selection",
    "ServerProperties",
    "ServiceSession",
    "Session",
]
