"""Every exception class of the libraries below has a meaning here."""

from __future__ import annotations

import http.client
import inspect
import logging
import socket
import types
import urllib.error
from io import BytesIO

import icat.exception
import pytest
import requests.exceptions
import suds
import suds.transport
import urllib3.exceptions

from icat_schema.definitions import schema
from icat_schema.gateway.errors import (
    ICAT_TYPES,
    AccessDenied,
    CatalogueBroken,
    CatalogueError,
    CatalogueUnavailable,
    InvalidRequest,
    ObjectExists,
    ObjectNotFound,
    SessionInvalid,
    of_icat,
    of_status,
    translate,
    translating,
)
from icat_schema.gateway.soap_errors import SOAP_FOREIGN, translating_soap

WALKED = (icat.exception, requests.exceptions, suds, suds.transport, urllib.error, http.client)


def exceptions_of(module: types.ModuleType) -> set[type[BaseException]]:
    """Classes defined in the module or below its package: what else is in its namespace has its own home."""
    package = module.__name__.partition(".")[0] if module is not http.client else "http"
    return {
        cls
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, BaseException) and cls.__module__.partition(".")[0] == package
    }


@pytest.mark.parametrize("module", [icat.exception, requests.exceptions], ids=lambda m: m.__name__)
def test_every_exception_class_of_the_module_is_mapped_by_itself(module: types.ModuleType) -> None:
    found = exceptions_of(module)
    assert len(found) > 20
    assert found - set(SOAP_FOREIGN) == set()


@pytest.mark.parametrize("module", WALKED, ids=lambda m: m.__name__)
def test_every_exception_class_below_is_mapped_by_itself_or_by_a_parent(module: types.ModuleType) -> None:
    for cls in exceptions_of(module):
        assert any(parent in SOAP_FOREIGN for parent in cls.__mro__), cls


def test_every_error_type_of_icat_is_mapped() -> None:
    assert set(ICAT_TYPES) == set(schema().http_status) == set(icat.exception.IcatExceptionTypeMap)
    for type_, cls in icat.exception.IcatExceptionTypeMap.items():
        assert SOAP_FOREIGN[cls] is ICAT_TYPES[type_]


@pytest.mark.parametrize(
    ("type_", "expected", "temporary"),
    [
        ("BAD_PARAMETER", InvalidRequest, False),
        ("VALIDATION", InvalidRequest, False),
        ("SESSION", SessionInvalid, False),
        ("INSUFFICIENT_PRIVILEGES", AccessDenied, False),
        ("NO_SUCH_OBJECT_FOUND", ObjectNotFound, False),
        ("OBJECT_ALREADY_EXISTS", ObjectExists, False),
        ("NOT_IMPLEMENTED", CatalogueBroken, False),
        ("INTERNAL", CatalogueBroken, True),
        ("FROM_THE_FUTURE", CatalogueBroken, False),
    ],
)
def test_an_error_of_the_rest_interface_becomes_ours(
    type_: str, expected: type[CatalogueError], temporary: bool
) -> None:
    error = of_icat(type_, "what the server said", 3)
    assert type(error) is expected
    assert error.temporary is temporary
    assert error.offset == 3


def test_python_icat_errors_keep_message_and_offset() -> None:
    error = icat.exception.translateError({"code": "VALIDATION", "message": "too long", "offset": "2"})
    ours = translate(error, foreign=SOAP_FOREIGN)
    assert isinstance(ours, InvalidRequest)
    assert (ours.message, ours.offset, ours.temporary) == ("too long", 2, False)


@pytest.mark.parametrize(
    ("status", "expected", "temporary"),
    [
        (502, CatalogueUnavailable, True),
        (503, CatalogueUnavailable, True),
        (504, CatalogueUnavailable, True),
        (429, CatalogueUnavailable, True),
        (414, InvalidRequest, False),
        (404, CatalogueBroken, False),
        (500, CatalogueBroken, True),
        (301, CatalogueBroken, False),
    ],
)
def test_a_reply_that_is_not_from_icat_is_told_by_its_status(
    status: int, expected: type[CatalogueError], temporary: bool
) -> None:
    error = of_status(status, "Reason")
    assert type(error) is expected
    assert error.temporary is temporary
    assert error.message


@pytest.mark.parametrize(
    ("foreign", "expected", "temporary"),
    [
        (requests.exceptions.ConnectionError("refused"), CatalogueUnavailable, True),
        (requests.exceptions.ReadTimeout("slow"), CatalogueUnavailable, True),
        (requests.exceptions.SSLError("certificate"), CatalogueUnavailable, False),
        (requests.exceptions.InvalidURL("no"), CatalogueUnavailable, False),
        (urllib3.exceptions.ProtocolError("cut"), CatalogueUnavailable, True),
        (urllib.error.URLError("refused"), CatalogueUnavailable, True),
        (urllib.error.HTTPError("u", 400, "m", http.client.HTTPMessage(), BytesIO()), CatalogueUnavailable, True),
        (http.client.RemoteDisconnected("gone"), CatalogueUnavailable, True),
        (ConnectionResetError("reset"), CatalogueUnavailable, True),
        (socket.gaierror("name"), CatalogueUnavailable, True),
        (TimeoutError("slow"), CatalogueUnavailable, True),
        (suds.MethodNotFound("search"), CatalogueBroken, False),
        (suds.TypeNotFound("credentials"), CatalogueBroken, False),
        (suds.transport.TransportError("reason", 500), CatalogueUnavailable, True),
    ],
    ids=lambda value: getattr(value, "__name__", None) or type(value).__name__,
)
def test_failures_of_the_wire_become_ours(foreign: Exception, expected: type[CatalogueError], temporary: bool) -> None:
    ours = translate(foreign, foreign=SOAP_FOREIGN)
    assert type(ours) is expected
    assert ours.temporary is temporary
    assert ours.message


def test_a_translated_error_carries_neither_the_secret_nor_its_origin(caplog: pytest.LogCaptureFixture) -> None:
    secret = "11111111-2222-3333-4444-555555555555"
    with pytest.raises(CatalogueError) as caught, translating_soap(secret):
        raise icat.exception.ICATSessionError(f"Unable to find user by sessionid: {secret}")
    assert isinstance(caught.value, SessionInvalid)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with caplog.at_level(logging.ERROR):
        logging.getLogger("somewhere").error("it failed", exc_info=caught.value)
    assert secret not in caught.value.message
    assert secret not in caplog.text


def test_errors_that_are_ours_pass_through_the_translation() -> None:
    error = ObjectExists("there", offset=1)
    with pytest.raises(ObjectExists) as caught, translating("secret"):
        raise error
    assert caught.value is error


def test_programming_errors_are_not_translated() -> None:
    with pytest.raises(ZeroDivisionError), translating():
        _ = 1 / 0
