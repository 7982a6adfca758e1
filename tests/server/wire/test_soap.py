"""SOAP below any client library: envelopes, faults, values and what a hostile sender may try."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from icat_schema.server.soap.envelope import LARGE
from tests.server.wire.conftest import Facility
from tests.server.wire.raw import ENVELOPE, NAMESPACE, SOAP, SoapCalls, fault_of

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
NOBODY = "<sessionId>00000000-0000-0000-0000-000000000000</sessionId>"
VERSION_CALL = f'<v:getApiVersion xmlns:v="{NAMESPACE}"/>'


def _dataset(facility: Facility, name: str, more: str = "") -> str:
    return (
        f'<bean xsi:type="t:dataset">{more}<name>{name}</name>'
        f"<investigation><id>{facility.investigation}</id></investigation>"
        f"<type><id>{facility.dataset_type}</id></type></bean>"
    )


def _scalar(soap: SoapCalls, query: str) -> str:
    (found,) = soap.call("search", f"<query>{query}</query>")
    return found.text or ""


@pytest.mark.parametrize(
    "envelope",
    [
        ENVELOPE.format(soap=SOAP, body=VERSION_CALL),
        ENVELOPE.format(soap=SOAP, body=f'<getApiVersion xmlns="{NAMESPACE}"/>'),
        '<?xml version="1.0"?><!-- c -->'
        f'<S:Envelope xmlns:S="{SOAP}"><S:Header/><S:Body>{VERSION_CALL}</S:Body></S:Envelope>',
        ENVELOPE.format(soap=SOAP, body=f'<v:getApiVersion xmlns:v="{NAMESPACE}"><extra>1</extra></v:getApiVersion>'),
    ],
)
def test_envelopes_of_any_prefix_are_understood(soap: SoapCalls, envelope: str) -> None:
    reply = soap.post(envelope)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/xml;charset=utf-8"
    assert etree.fromstring(reply.content).findtext(".//return") == "5.0.3"


@pytest.mark.parametrize(
    ("envelope", "text"),
    [
        ("<e:Envelope", "not well-formed"),
        ("", "not well-formed"),
        ("\x00", "not well-formed"),
        ("<a/>", "not a SOAP 1.1 envelope"),
        (f'<e:Envelope xmlns:e="{SOAP}"/>', "exactly one call, not 0"),
        (ENVELOPE.format(soap=SOAP, body=VERSION_CALL * 2), "exactly one call, not 2"),
        (ENVELOPE.format(soap=SOAP, body="<getApiVersion/>"), "Cannot find dispatch method"),
        (ENVELOPE.format(soap=SOAP, body=f'<v:bogus xmlns:v="{NAMESPACE}"/>'), "Cannot find dispatch method"),
    ],
)
def test_what_is_no_call_is_a_fault(soap: SoapCalls, envelope: str, text: str) -> None:
    fault = fault_of(soap.post(envelope))
    assert fault.type == "BAD_PARAMETER"
    assert text in fault.message


@pytest.mark.parametrize(
    "prologue",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_document_types_and_entities_are_refused(soap: SoapCalls, prologue: str) -> None:
    names = set(re.findall(r"ENTITY (\w)", prologue))
    text = "".join(f"&{name};" for name in names) if names else "Dataset"
    body = f'<v:getEntityInfo xmlns:v="{NAMESPACE}"><beanName>{text}</beanName></v:getEntityInfo>'
    fault = fault_of(soap.post(prologue + ENVELOPE.format(soap=SOAP, body=body)))
    assert fault.type == "BAD_PARAMETER"
    assert "root:" not in fault.message


def test_deep_nesting_is_refused(soap: SoapCalls) -> None:
    deep = "<datasets>" * 5_000 + "</datasets>" * 5_000
    fault = soap.refused("create", f'<bean xsi:type="t:investigation">{deep}</bean>')
    assert fault.type == "BAD_PARAMETER"


def test_a_session_is_looked_for_before_anything_else(soap: SoapCalls) -> None:
    for operation, rest in (
        ("search", "<query>nonsense</query>"),
        ("create", '<bean xsi:type="t:bogus"/>'),
        ("createMany", ""),
        ("update", ""),
        ("delete", ""),
        ("deleteMany", ""),
        ("isAccessAllowed", "<accessType>READ</accessType>"),
        ("getUserName", ""),
        ("refresh", ""),
        ("logout", ""),
        ("getRemainingMinutes", ""),
        ("getProperties", ""),
    ):
        unknown = soap.refused(operation, NOBODY + rest, session=False)
        assert (unknown.type, unknown.offset) == ("SESSION", -1), operation
        assert unknown.message == "Unable to find user by sessionid: 00000000-0000-0000-0000-000000000000"
        for empty in ("<sessionId/>", ""):
            fault = soap.refused(operation, empty + rest, session=False)
            assert (fault.type, fault.message) == ("SESSION", "Session Id cannot be null or empty.")


def test_a_large_request_is_taken_apart_only_for_a_session(soap: SoapCalls, facility: Facility) -> None:
    query = f"<query>SELECT f.name FROM Facility f WHERE f.id = {facility.id}</query>"
    padding = f"<ignored>{'x' * LARGE}</ignored>"
    assert len(soap.call("search", query + padding)) == 1
    for begin in ("", "<sessionId/>", "<sessionId>nobody's</sessionId>", f"<x/>{padding}<sessionId>y</sessionId>", "<"):
        call = f'<t:search xmlns:t="{NAMESPACE}">{begin}{query}{padding}'  # malformed, which nobody gets to see
        assert fault_of(soap.post(ENVELOPE.format(soap=SOAP, body=call))).type == "SESSION"


def test_results_are_typed_and_nulls_left_out(soap: SoapCalls, facility: Facility) -> None:
    soap.call("create", _dataset(facility, "a", "<endDate>2020-07-01</endDate>"))
    where = f"FROM Dataset d WHERE d.investigation.id = {facility.investigation}"
    query = f"SELECT d.name, d.doi, d.endDate, d.complete, d.fileSize {where}"
    (row,) = soap.call("search", f"<query>{query}</query>")
    assert row.get(f"{XSI}type") == "ns2:fieldSet"
    assert [(cell.get(f"{XSI}type"), cell.text) for cell in row] == [
        ("xs:string", "a"),
        ("xs:dateTime", "2020-07-01T00:00:00+02:00"),
        ("xs:boolean", "false"),
        ("xs:long", "0"),
    ]
    (entity,) = soap.call(
        "search",
        f"<query>SELECT d FROM Dataset d WHERE d.investigation.id = {facility.investigation} INCLUDE d.type</query>",
    )
    assert entity.get(f"{XSI}type") == "ns2:dataset"
    assert [child.tag for child in entity][:5] == ["createId", "createTime", "id", "modId", "modTime"]
    assert entity.findtext("type/name") == "raw"
    assert soap.call("search", "<query>SELECT MIN(d.name) FROM Dataset d WHERE d.id = 0</query>") == []


def test_dates_without_an_offset_are_local_time(soap: SoapCalls, facility: Facility) -> None:
    moments = {
        "2020-01-01T00:00:00Z": "2020-01-01T01:00:00+01:00",
        "2020-07-01T00:00:00+05:30": "2020-06-30T20:30:00+02:00",
        "2020-01-01T12:00:00": "2020-01-01T12:00:00+01:00",
        "2020-07-01": "2020-07-01T00:00:00+02:00",
        "2020-07-01T10:00:00.75Z": "2020-07-01T12:00:00+02:00",
        "1890-01-01T00:00:00Z": "1890-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z": "9999-12-31T23:59:59Z",
    }
    for number, (sent, expected) in enumerate(moments.items()):
        (made,) = soap.call("create", _dataset(facility, f"d{number}", f"<startDate>{sent}</startDate>"))
        assert _scalar(soap, f"SELECT d.startDate FROM Dataset d WHERE d.id = {made.text}") == expected


def test_strings_survive_with_every_blank_and_sign(soap: SoapCalls, facility: Facility) -> None:
    text = "  ä√&lt;&amp;&gt;\"'\ttwo\nlines&#13; "
    (made,) = soap.call("create", _dataset(facility, "s", f"<description>{text}</description><doi/>"))
    (row,) = soap.call("search", f"<query>SELECT d.description, d.doi FROM Dataset d WHERE d.id = {made.text}</query>")
    assert [cell.text for cell in row] == ["  ä√<&>\"'\ttwo\nlines\r ", None]


def test_empty_elements_other_than_texts_are_not_given(soap: SoapCalls, facility: Facility) -> None:
    (made,) = soap.call("create", _dataset(facility, "e", "<complete/><fileSize> </fileSize><startDate/>"))
    (row,) = soap.call(
        "search", f"<query>SELECT d.complete, d.fileSize, d.startDate FROM Dataset d WHERE d.id = {made.text}</query>"
    )
    assert [cell.text for cell in row] == ["false", "0"]


@pytest.mark.parametrize(
    "field",
    [
        "<complete>maybe</complete>",
        "<fileSize>five</fileSize>",
        "<fileSize>9223372036854775808</fileSize>",
        "<fileSize>1e3</fileSize>",
        "<startDate>yesterday</startDate>",
        "<startDate>2020-02-30T00:00:00Z</startDate>",
        "<type><id>x</id></type>",
    ],
)
def test_malformed_values_are_refused_by_name(soap: SoapCalls, facility: Facility, field: str) -> None:
    fault = soap.refused("create", _dataset(facility, "bad", field))
    assert fault.type == "BAD_PARAMETER"
    assert "malformed" in fault.message


@pytest.mark.parametrize("number", ["NaN", "INF", "1e999", "0x10", "1_0"])
def test_numbers_must_be_finite(soap: SoapCalls, facility: Facility, number: str) -> None:
    parameter = (
        f"<parameters><numericValue>{number}</numericValue><type><id>{facility.text_type}</id></type></parameters>"
    )
    fault = soap.refused("create", _dataset(facility, "bad", parameter))
    assert fault.type == "BAD_PARAMETER"


def test_a_bean_must_say_what_it_is(soap: SoapCalls) -> None:
    assert soap.refused("create", "<bean><name>x</name></bean>").message == "xsi:type missing"
    assert "not an ICAT entity" in soap.refused("create", '<bean xsi:type="t:bogus"/>').message
    assert soap.refused("create").message == "bean is not set"
    many = '<beans xsi:type="t:technique"><name>x</name></beans><beans xsi:type="t:bogus"/>'
    assert soap.refused("createMany", many).offset == 1


def test_system_fields_of_the_sender_are_ignored(soap: SoapCalls, facility: Facility) -> None:
    system = "<createId>me</createId><createTime>2001-01-01T00:00:00Z</createTime><id>1</id><modId>me</modId>"
    (made,) = soap.call("create", _dataset(facility, "sys", system))
    assert made.text != "1"
    assert _scalar(soap, f"SELECT d.createId FROM Dataset d WHERE d.id = {made.text}") == "simple/root"
    early = f"SELECT COUNT(d) FROM Dataset d WHERE d.id = {made.text} AND d.createTime &lt; '2002-01-01'"
    assert _scalar(soap, early) == "0"


def test_an_update_replaces_everything_and_ignores_lists(soap: SoapCalls, facility: Facility) -> None:
    more = "<complete>true</complete><fileSize>5</fileSize><description>d</description>"
    (made,) = soap.call("create", _dataset(facility, "u", more))
    soap.call("update", _dataset(facility, "u2", f"<id>{made.text}</id><datafiles><name>sneaky</name></datafiles>"))
    (row,) = soap.call(
        "search",
        f"<query>SELECT d.name, d.complete, d.fileSize, d.description FROM Dataset d WHERE d.id = {made.text}</query>",
    )
    assert [cell.text for cell in row] == ["u2", "false", "0"]
    assert _scalar(soap, f"SELECT COUNT(f) FROM Datafile f WHERE f.dataset.id = {made.text}") == "0"


def test_an_update_says_what_is_wrong(soap: SoapCalls, facility: Facility) -> None:
    (made,) = soap.call("create", _dataset(facility, "one"))
    soap.call("create", _dataset(facility, "two"))
    assert soap.refused("update", _dataset(facility, "x")).message == "Dataset has null primary key."
    unknown = soap.refused("update", _dataset(facility, "x", "<id>999999999</id>"))
    assert (unknown.type, unknown.message) == ("NO_SUCH_OBJECT_FOUND", "Dataset[id:999999999] not found.")
    clash = soap.refused("update", _dataset(facility, "two", f"<id>{made.text}</id>"))
    assert clash.type == "OBJECT_ALREADY_EXISTS"
    assert (
        clash.message == f"Dataset exists with investigation = 'Investigation:{facility.investigation}', name = 'two'"
    )
    bare = f'<bean xsi:type="t:dataset"><id>{made.text}</id><name>one</name></bean>'
    missing = soap.refused("update", bare)
    assert (missing.type, missing.message) == ("VALIDATION", "Dataset: investigation cannot be null.")


def test_deletion_takes_everything_below_along(soap: SoapCalls, facility: Facility) -> None:
    parameter = f"<parameters><stringValue>v</stringValue><type><id>{facility.text_type}</id></type></parameters>"
    soap.call("create", _dataset(facility, "p", parameter))
    soap.call("delete", f'<bean xsi:type="t:parameterType"><id>{facility.text_type}</id></bean>')
    where = f"WHERE p.dataset.investigation.id = {facility.investigation}"
    assert _scalar(soap, f"SELECT COUNT(p) FROM DatasetParameter p {where}") == "0"
    assert _scalar(soap, f"SELECT COUNT(d) FROM Dataset d WHERE d.investigation.id = {facility.investigation}") == "1"
    soap.call("delete", f'<bean xsi:type="t:facility"><id>{facility.id}</id></bean>')
    assert _scalar(soap, f"SELECT COUNT(d) FROM Dataset d WHERE d.investigation.id = {facility.investigation}") == "0"


def test_a_deletion_needs_an_id_that_is_still_there(soap: SoapCalls, facility: Facility) -> None:
    nameless = soap.refused("delete", '<bean xsi:type="t:facility"><name>x</name></bean>')
    assert (nameless.message, nameless.offset) == ("Facility has null primary key.", 0)
    twice = f'<beans xsi:type="t:facility"><id>{facility.id}</id></beans>' * 2
    fault = soap.refused("deleteMany", twice)
    assert (fault.type, fault.offset) == ("NO_SUCH_OBJECT_FOUND", 1)
    owner_then_owned = (
        f'<beans xsi:type="t:facility"><id>{facility.id}</id></beans>'
        f'<beans xsi:type="t:investigation"><id>{facility.investigation}</id></beans>'
    )
    assert soap.refused("deleteMany", owner_then_owned).offset == 1
    assert _scalar(soap, f"SELECT COUNT(i) FROM Investigation i WHERE i.id = {facility.investigation}") == "1"


def test_the_first_wrong_object_of_a_batch_is_reported(soap: SoapCalls, facility: Facility) -> None:
    def many(*names: str) -> str:
        beans = (_dataset(facility, name).replace("bean", "beans") for name in names)
        return "".join(beans)

    soap.call("createMany", many("a", "b"))
    stored = soap.refused("createMany", many("c", "a", "d", "b"))
    assert (stored.type, stored.offset) == ("OBJECT_ALREADY_EXISTS", 1)
    within = soap.refused("createMany", many("c", "d", "c"))
    assert (within.offset, "investigation = 'id:" in within.message) == (2, True)
    assert soap.refused("createMany", many("c", "x" * 256, "a")).message == "Dataset: name cannot have length > 255"
    assert soap.refused("createMany", many("c", "a", "x" * 256)).type == "OBJECT_ALREADY_EXISTS"
    nothing_new = f"SELECT COUNT(d) FROM Dataset d WHERE d.investigation.id = {facility.investigation}"
    assert _scalar(soap, nothing_new) == "2"


def test_nested_objects_are_validated_as_well(soap: SoapCalls, facility: Facility) -> None:
    untyped = soap.refused("create", _dataset(facility, "n", "<parameters><type><name>x</name></type></parameters>"))
    assert (untyped.type, untyped.message) == ("NO_SUCH_OBJECT_FOUND", "ParameterType has null primary key.")
    twice = "<datafiles><name>f</name></datafiles>" * 2
    assert soap.refused("create", _dataset(facility, "n", twice)).type == "OBJECT_ALREADY_EXISTS"
    nameless = soap.refused("create", _dataset(facility, "n", "<datafiles/>"))
    assert (nameless.type, nameless.message) == ("VALIDATION", "Datafile: name cannot be null.")
