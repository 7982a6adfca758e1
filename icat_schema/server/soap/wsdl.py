"""WSDL and XML schema of the service, generated from the contract and the entity definitions.

They are two documents, as in the original: clients find the type `credentials` only when the schema comes by import.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import get_args
from xml.sax.saxutils import escape, quoteattr

from icat_schema.definitions import Attribute, Entity, schema
from icat_schema.definitions.model import Field, ToMany
from icat_schema.server.errors import ErrorType
from icat_schema.server.soap.contract import CREDENTIALS, NAMESPACE, OPERATIONS, Operation, Part

XML_TYPES = {
    "String": "xs:string",
    "Long": "xs:long",
    "Integer": "xs:int",
    "Double": "xs:double",
    "Boolean": "xs:boolean",
    "Date": "xs:dateTime",
    "ParameterValueType": "tns:parameterValueType",
    "StudyStatus": "tns:studyStatus",
}
"""XML types of ICAT's attribute types."""

GLOBAL_ENTITIES = (
    "datafile",
    "datafileParameter",
    "dataset",
    "datasetParameter",
    "fieldSet",
    "investigationParameter",
    "sampleParameter",
)

FIXED_TYPES = {
    "IcatException": (
        Part("message", "xs:string"),
        Part("offset", "xs:int", required=True),
        Part("type", "tns:icatExceptionType"),
    ),
    "fieldSet": (Part("fields", "xs:anyType", many=True),),
    "entityField": (
        Part("comment", "xs:string"),
        Part("name", "xs:string"),
        Part("notNullable", "xs:boolean", required=True),
        Part("relType", "tns:relType"),
        Part("stringLength", "xs:int"),
        Part("type", "xs:string"),
    ),
    "authenticatorCredentialKey": (
        Part("hide", "xs:boolean", required=True),
        Part("name", "xs:string"),
        Part("pattern", "xs:string"),
    ),
}

NILLABLE_TYPES = {
    "entityInfo": (
        '<xs:element name="classComment" type="xs:string" minOccurs="0"/>',
        ("constraints", "tns:constraint"),
        ("fields", "tns:entityField"),
    ),
    "constraint": (("fieldNames", "xs:string"),),
    "authenticatorInfo": (
        '<xs:element name="admin" type="xs:boolean"/>',
        '<xs:element name="friendly" type="xs:string" minOccurs="0"/>',
        ("keys", "tns:authenticatorCredentialKey"),
        '<xs:element name="mnemonic" type="xs:string" minOccurs="0"/>',
    ),
}

CREDENTIALS_ELEMENT = (
    '<xs:element name="credentials" minOccurs="0"><xs:complexType><xs:sequence>'
    '<xs:element name="entry" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>'
    '<xs:element name="key" minOccurs="0" type="xs:string"/><xs:element name="value" minOccurs="0" type="xs:string"/>'
    "</xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>"
)


@cache
def schema_document() -> bytes:
    """The XML schema: wrappers, entities, fixed types and enumerations."""
    return "\n".join(_schema_lines()).encode()


def service_document(address: str) -> bytes:
    """The WSDL of a service that clients reach at this address."""
    where = quoteattr(address)
    imported = quoteattr(address + "?xsd=1")
    head = (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<definitions xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" '
        f'xmlns:tns="{NAMESPACE}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="{NAMESPACE}" name="ICATService">\n'
        f'<types><xsd:schema><xsd:import namespace="{NAMESPACE}" schemaLocation={imported}/></xsd:schema></types>\n'
    )
    tail = (
        '<service name="ICATService"><port name="ICATPort" binding="tns:ICATPortBinding">'
        f"<soap:address location={where}/></port></service>\n</definitions>\n"
    )
    return (head + _operations_text() + tail).encode()


@cache
def _operations_text() -> str:
    messages = "".join(f"{_message(o.name)}{_message(o.name + 'Response')}" for o in OPERATIONS)
    return (
        f"{messages}"
        '<message name="IcatException"><part name="fault" element="tns:IcatException"/></message>\n'
        f'<portType name="ICAT">\n{"".join(map(_port_operation, OPERATIONS))}</portType>\n'
        '<binding name="ICATPortBinding" type="tns:ICAT">\n'
        '<soap:binding transport="http://schemas.xmlsoap.org/soap/http" style="document"/>\n'
        f"{''.join(map(_bound_operation, OPERATIONS))}</binding>\n"
    )


def _message(name: str) -> str:
    return f'<message name="{name}"><part name="parameters" element="tns:{name}"/></message>\n'


def _port_operation(operation: Operation) -> str:
    fault = '<fault message="tns:IcatException" name="IcatException"/>' if operation.faults else ""
    name = operation.name
    return (
        f'<operation name="{name}"><input message="tns:{name}"/><output message="tns:{name}Response"/>'
        f"{fault}</operation>\n"
    )


def _bound_operation(operation: Operation) -> str:
    fault = '<fault name="IcatException"><soap:fault name="IcatException" use="literal"/></fault>'
    return (
        f'<operation name="{operation.name}"><soap:operation soapAction=""/>'
        '<input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>'
        f"{fault if operation.faults else ''}</operation>\n"
    )


def _schema_lines() -> Iterator[str]:
    yield "<?xml version='1.0' encoding='UTF-8'?>"
    yield (
        f'<xs:schema xmlns:tns="{NAMESPACE}" xmlns:xs="http://www.w3.org/2001/XMLSchema" version="1.0" '
        f'targetNamespace="{NAMESPACE}">'
    )
    yield from _global_elements()
    for operation in OPERATIONS:
        yield _complex_type(operation.name, map(_part, operation.parameters))
        yield _complex_type(f"{operation.name}Response", map(_part, [operation.result] if operation.result else []))
    yield from _entity_types()
    for name, parts in FIXED_TYPES.items():
        yield _complex_type(name, map(_part, parts))
    for name, members in NILLABLE_TYPES.items():
        yield _complex_type(name, (m if isinstance(m, str) else _nillable_list(*m) for m in members))
    yield from _enumerations()
    yield "</xs:schema>"


def _global_elements() -> Iterator[str]:
    wrappers = [name for o in OPERATIONS for name in (o.name, f"{o.name}Response")]
    for name in ["IcatException", *GLOBAL_ENTITIES, *wrappers]:
        yield f'<xs:element name="{name}" type="tns:{name}"/>'


def _entity_types() -> Iterator[str]:
    entities = schema().entities
    base = (a for a in next(iter(entities.values())).attributes if a.base)
    yield _complex_type("entityBaseBean", map(_field, base), abstract=True)
    parameter = schema().abstract["Parameter"]
    yield _extension("parameter", "entityBaseBean", _own_fields(parameter), abstract=True)
    for entity in entities.values():
        yield _extension(entity.wsdl_name, "parameter" if entity.extends else "entityBaseBean", _own_fields(entity))


def _own_fields(entity: Entity) -> list[Field]:
    """What the type itself declares, in alphabetical order."""
    own = [f for f in entity.fields.values() if isinstance(f, ToMany) or not f.inherited]
    return sorted((f for f in own if not (isinstance(f, Attribute) and f.base)), key=lambda f: f.name)


def _enumerations() -> Iterator[str]:
    values: dict[str, Iterable[str]] = {
        "icatExceptionType": get_args(ErrorType),
        "relType": ("ATTRIBUTE", "MANY", "ONE"),
        "accessType": ("READ", "UPDATE", "DELETE", "CREATE"),
    }
    values.update({name[0].lower() + name[1:]: members for name, members in schema().enums.items()})
    for name, members in values.items():
        inside = "".join(f'<xs:enumeration value="{escape(m)}"/>' for m in members)
        yield f'<xs:simpleType name="{name}"><xs:restriction base="xs:string">{inside}</xs:restriction></xs:simpleType>'


def _field(field: Field) -> str:
    if isinstance(field, Attribute):
        occurs = "" if field.type == "Boolean" else ' minOccurs="0"'
        return f'<xs:element name="{field.name}" type="{XML_TYPES[field.type]}"{occurs}/>'
    target = schema().entities[field.target].wsdl_name
    if isinstance(field, ToMany):
        return _nillable_list(field.name, f"tns:{target}")
    return f'<xs:element name="{field.name}" type="tns:{target}" minOccurs="0"/>'


def _nillable_list(name: str, type_: str) -> str:
    return f'<xs:element name="{name}" type="{type_}" nillable="true" minOccurs="0" maxOccurs="unbounded"/>'


def _part(part: Part) -> str:
    if part is CREDENTIALS:
        return CREDENTIALS_ELEMENT
    occurs = ("" if part.required else ' minOccurs="0"') + (' maxOccurs="unbounded"' if part.many else "")
    return f'<xs:element name="{part.name}" type="{part.type}"{occurs}/>'


def _complex_type(name: str, elements: Iterable[str], *, abstract: bool = False) -> str:
    kind = ' abstract="true"' if abstract else ""
    return f'<xs:complexType name="{name}"{kind}><xs:sequence>{"".join(elements)}</xs:sequence></xs:complexType>'


def _extension(name: str, base: str, fields: Iterable[Field], *, abstract: bool = False) -> str:
    kind = ' abstract="true"' if abstract else ""
    return (
        f'<xs:complexType name="{name}"{kind}><xs:complexContent><xs:extension base="tns:{base}">'
        f"<xs:sequence>{''.join(map(_field, fields))}</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
    )
