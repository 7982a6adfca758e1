"""The SOAP operations, one function each: read the arguments, ask the service, write the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from lxml import etree

from icat_schema.definitions import schema
from icat_schema.server.body import Body
from icat_schema.server.caller import Caller
from icat_schema.server.entities.info import describe
from icat_schema.server.entities.values import EntityValue
from icat_schema.server.errors import IcatError
from icat_schema.server.service import ACCESS, Service
from icat_schema.server.settings import ICAT_VERSION
from icat_schema.server.soap.answers import AnswerWriter, authenticator_info, entity_info, texts
from icat_schema.server.soap.beans import parse_integer, read_bean
from icat_schema.server.soap.contract import NAMESPACE
from icat_schema.server.soap.envelope import around

Content = Iterable[str]
"""The `return` elements of an answer, as XML text."""


class Call:
    """A request to one operation: its wrapper element and the service that answers."""

    def __init__(self, service: Service, wrapper: etree._Element) -> None:
        self.service = service
        self.zone = service.settings.zone
        self._wrapper = wrapper

    def text(self, name: str) -> str | None:
        """A parameter; None when it is absent, empty text when it is empty."""
        return self._wrapper.findtext(name)

    @property
    def session_id(self) -> str | None:
        return self.text("sessionId")

    def caller(self) -> Caller:
        return self.service.caller(self.session_id)

    def bean(self) -> EntityValue:
        element = self._wrapper.find("bean")
        if element is None:
            raise IcatError("BAD_PARAMETER", "bean is not set")
        return read_bean(element, self.zone)

    def beans(self) -> list[EntityValue]:
        values = []
        for offset, element in enumerate(self._wrapper.iterfind("beans")):
            try:
                values.append(read_bean(element, self.zone))
            except IcatError as error:
                raise error.at(offset) from None
        return values

    def credentials(self) -> dict[str, str]:
        entries = self._wrapper.iterfind("credentials/entry")
        return {e.findtext("key") or "": e.findtext("value") or "" for e in entries}


def login(call: Call) -> Content:
    return texts([call.service.login(call.text("plugin"), call.credentials())])


def logout(call: Call) -> Content:
    call.service.logout(call.session_id)
    return ()


def refresh(call: Call) -> Content:
    call.service.refresh(call.session_id)
    return ()


def get_user_name(call: Call) -> Content:
    return texts([call.service.user_name(call.session_id)])


def get_remaining_minutes(call: Call) -> Content:
    return texts([repr(call.service.remaining_minutes(call.session_id))])


def get_version(_call: Call) -> Content:
    return texts([ICAT_VERSION])


def get_authenticator_info(call: Call) -> Content:
    return map(authenticator_info, call.service.authenticators.describe())


def get_entity_names(_call: Call) -> Content:
    return texts(list(schema().entities))


def get_entity_info(call: Call) -> Content:
    name = call.text("beanName")
    return _entity_info("null" if name is None else name)


@cache  # only names of entities get that far
def _entity_info(name: str) -> Content:
    return (entity_info(describe(name)),)


def get_properties(call: Call) -> Content:
    return texts([f"{key} {value}" for key, value in call.service.properties(call.session_id)])


def create(call: Call) -> Content:
    return texts([str(call.service.create(call.caller(), call.bean()))])


def create_many(call: Call) -> Content:
    return texts([str(id_) for id_ in call.service.create_many(call.caller(), call.beans())])


def update(call: Call) -> Content:
    call.service.update(call.caller(), call.bean())
    return ()


def delete(call: Call) -> Content:
    call.service.delete(call.caller(), [call.bean()])
    return ()


def delete_many(call: Call) -> Content:
    call.service.delete(call.caller(), call.beans())
    return ()


def get(call: Call) -> Content:
    try:
        id_ = parse_integer((call.text("primaryKey") or "0").strip(), "Long")
    except ValueError as error:
        raise IcatError("BAD_PARAMETER", f"primaryKey: {error}") from None
    found = call.service.get(call.session_id, call.text("query"), id_)
    return (AnswerWriter(call.zone).entities("return", found),)


def search(call: Call) -> Body:
    with call.service.search(call.session_id, call.text("query")) as found:
        return Body(around("search", AnswerWriter(call.zone).results(found)))


def is_access_allowed(call: Call) -> Content:
    caller = call.caller()
    wanted = call.text("accessType")
    access = next((a for a in ACCESS if a == wanted), None)
    if access is None:
        raise IcatError("INTERNAL", f"accessType must be one of {', '.join(ACCESS)}")
    return texts([str(call.service.is_access_allowed(caller, call.bean(), access)).lower()])


def dummy(_call: Call) -> Content:
    return ()


OPERATIONS: dict[str, Callable[[Call], Content | Body]] = {
    "login": login,
    "logout": logout,
    "refresh": refresh,
    "getUserName": get_user_name,
    "getRemainingMinutes": get_remaining_minutes,
    "getApiVersion": get_version,
    "getVersion": get_version,
    "getAuthenticatorInfo": get_authenticator_info,
    "getEntityNames": get_entity_names,
    "getEntityInfo": get_entity_info,
    "getProperties": get_properties,
    "create": create,
    "createMany": create_many,
    "update": update,
    "delete": delete,
    "deleteMany": delete_many,
    "get": get,
    "search": search,
    "isAccessAllowed": is_access_allowed,
    "dummy": dummy,
}


def answer(service: Service, wrapper: etree._Element) -> Body:
    """Carry out the operation that the wrapper element names. Raises IcatError."""
    name = etree.QName(wrapper).localname
    operation = OPERATIONS.get(name)
    if operation is None:
        raise IcatError("BAD_PARAMETER", f"Cannot find dispatch method for {{{NAMESPACE}}}{name}")
    content = operation(Call(service, wrapper))
    return content if isinstance(content, Body) else Body(around(name, (text.encode() for text in content)))
