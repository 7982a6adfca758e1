"""What exceptions of python-icat, of suds and of the XML parser below it mean."""

from __future__ import annotations

import xml.sax
from collections.abc import Mapping
from contextlib import AbstractContextManager

import suds
import suds.resolver
import suds.transport
from icat import exception as icat_exception

from icat_schema.gateway.errors import (
    ABSENT,
    CLIENT,
    DATA_SERVICE,
    DENIED,
    FOREIGN,
    ICAT_TYPES,
    INVALID,
    SERVER_FAULT,
    SILENT,
    UNREADABLE,
    CatalogueUnavailable,
    Kind,
    translating,
)

SOAP_FOREIGN: Mapping[type[BaseException], Kind] = {
    **FOREIGN,
    # python-icat, as raised from an answer of ICAT
    icat_exception.ICATParameterError: ICAT_TYPES["BAD_PARAMETER"],
    icat_exception.ICATInternalError: ICAT_TYPES["INTERNAL"],
    icat_exception.ICATPrivilegesError: ICAT_TYPES["INSUFFICIENT_PRIVILEGES"],
    icat_exception.ICATNoObjectError: ICAT_TYPES["NO_SUCH_OBJECT_FOUND"],
    icat_exception.ICATObjectExistsError: ICAT_TYPES["OBJECT_ALREADY_EXISTS"],
    icat_exception.ICATSessionError: ICAT_TYPES["SESSION"],
    icat_exception.ICATValidationError: ICAT_TYPES["VALIDATION"],
    icat_exception.ICATNotImplementedError: ICAT_TYPES["NOT_IMPLEMENTED"],
    icat_exception.ICATError: SERVER_FAULT,
    icat_exception.ServerError: SERVER_FAULT,
    # python-icat, the data service
    icat_exception.IDSBadRequestError: INVALID,
    icat_exception.IDSDataNotOnlineError: Kind(CatalogueUnavailable, temporary=True),
    icat_exception.IDSInsufficientPrivilegesError: DENIED,
    icat_exception.IDSInsufficientStorageError: Kind(CatalogueUnavailable, temporary=True),
    icat_exception.IDSInternalError: SERVER_FAULT,
    icat_exception.IDSNotFoundError: ABSENT,
    icat_exception.IDSNotImplementedError: DATA_SERVICE,
    icat_exception.IDSError: DATA_SERVICE,
    icat_exception.IDSResponseError: DATA_SERVICE,
    # python-icat itself
    icat_exception._BaseException: CLIENT,
    icat_exception.InternalError: CLIENT,
    icat_exception.ConfigError: CLIENT,
    icat_exception.VersionMethodError: CLIENT,
    icat_exception.EntityTypeError: INVALID,
    icat_exception.InvalidIngestFileError: INVALID,
    icat_exception.DataConsistencyError: CLIENT,
    icat_exception.SearchResultError: ABSENT,
    icat_exception.SearchAssertionError: ABSENT,
    icat_exception.QueryWarning: INVALID,
    icat_exception.QueryNullableOrderWarning: INVALID,
    icat_exception.QueryOneToManyOrderWarning: INVALID,
    icat_exception.ClientVersionWarning: CLIENT,
    icat_exception.ICATDeprecationWarning: CLIENT,
    # suds and the XML parser below it
    suds.WebFault: SERVER_FAULT,
    suds.MethodNotFound: CLIENT,
    suds.PortNotFound: CLIENT,
    suds.ServiceNotFound: CLIENT,
    suds.TypeNotFound: CLIENT,
    suds.BuildError: CLIENT,
    suds.resolver.PathResolver.BadPath: CLIENT,
    suds.transport.TransportError: SILENT,
    xml.sax.SAXException: UNREADABLE,
}
"""All of `FOREIGN`, and these."""


def translating_soap(*hide: str) -> AbstractContextManager[None]:
    """`translating` around calls of python-icat."""
    return translating(*hide, foreign=SOAP_FOREIGN)
