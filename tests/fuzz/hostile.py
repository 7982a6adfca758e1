"""Attacks with a name, sent once in every run."""

from __future__ import annotations

import json

from tests.fuzz.requests import FORM, SESSION, SOAP_PATH, XML, Request, search_request, soap_request, write_request

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ICAT = "http://icatproject.org"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def _call(content: str, operation: str = "search", prolog: str = "") -> str:
    return (
        f'{prolog}<e:Envelope xmlns:e="{SOAP}"><e:Body><t:{operation} xmlns:t="{ICAT}" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><sessionId>{SESSION}</sessionId>{content}</t:{operation}>'
        f"</e:Body></e:Envelope>"
    )


def hostile_soap() -> list[Request]:
    deep = "<a>" * 100_000 + "</a>" * 100_000
    nested = "<bean xsi:type='t:dataset'>" + "<investigation>" * 300 + "</investigation>" * 300 + "</bean>"
    texts = [
        _call("<query>&l9;</query>", prolog=f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>'),
        _call("<query>&x;</query>", prolog='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        _call("<query>&x;</query>", prolog='<!DOCTYPE x [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>'),
        _call("<query/>", prolog='<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'),
        _call("<query/>", prolog='<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///dev/random"> %p;]>'),
        _call(deep),
        _call(nested, "create"),
        _call(f"<query>{'x' * 11_000_000}</query>"),
        _call(f"<query>SELECT ds FROM Dataset ds WHERE ds.name = '{'x' * 400_000}'</query>"),
        _call("".join(f"<a{n}/>" for n in range(20_000))),
        _call("<query " + " ".join(f"a{n}='1'" for n in range(5_000)) + ">x</query>"),
        _call("<query>&#0;</query>"),
        _call("<query>&#xD800;</query>"),
        _call("<beans xsi:type='t:keyword'/>" * 20_000, "createMany"),
        _call(f"<query>Dataset</query><primaryKey>{'9' * 5_000}</primaryKey>", "get"),
        _call(f"<bean xsi:type='t:dataset'><fileSize>{'9' * 100_000}</fileSize></bean>", "create"),
        _call(f"<bean xsi:type='{'t:' * 5_000}dataset'/>", "create"),
        '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
        "",
        "<",
        "{}",
    ]
    requests = [soap_request(text.encode()) for text in texts]
    latin = _call("<query>Dataset [name = 'é']</query>", prolog='<?xml version="1.0" encoding="ISO-8859-1"?>')
    requests += [soap_request(latin.encode("latin-1")), soap_request(_call("<query/>").encode("utf-16"))]
    requests += [soap_request(_call("<query>\udcff</query>").encode("utf-8", "surrogateescape"))]
    requests += [Request("POST", SOAP_PATH, {"Content-Type": XML}, _call("<query>Dataset</query>").encode(), chunked=1)]
    requests += [Request("POST", SOAP_PATH, {"Content-Type": kind}, _call("").encode()) for kind in ("text/plain", "")]
    return requests


def hostile_rest() -> list[Request]:
    deep = "[" * 100_000 + "]" * 100_000
    nested = '{"Dataset":{"investigation":' * 2_000 + "1" + "}}" * 2_000
    entities = [
        deep,
        nested,
        "1" * 1_000_000,
        '{"Dataset": {"fileSize": 1e999}}',
        '{"Dataset": {"name": "\\u0000"}}',
        '{"Dataset": {"name": "\\ud800"}}',
        '{"Dataset": {"id": 99999999999999999999999}}',
        '{"Dataset": {"id": NaN}}',
        '{"Dataset": null}',
        json.dumps([{"Keyword": {"name": "x"}}] * 20_000),
        json.dumps({"Investigation": {"datasets": [{"datafiles": [{}] * 5_000}]}}),
        json.dumps({"Rule": {"what": "(" * 1_000, "crudFlags": "R"}}),
        json.dumps({"User": {"name": "x" * 2_000_000}}),
    ]
    found = [write_request(text) for text in entities]
    found += [Request(r.method, r.path, r.headers, r.body, chunked=4096) for r in found[:2]]
    found += [
        Request("POST", "/icat/entityManager", {"Content-Type": FORM}, b"&".join([b"a=b"] * 100_000)),
        Request("POST", "/icat/entityManager", {"Content-Type": FORM}, b"\xff\xfe\x00=%ff%00&sessionId=%"),
        Request("POST", "/icat/entityManager", {"Content-Type": "application/json"}, b"{}"),
        Request("POST", "/icat/session", {"Content-Type": FORM}, b"json=%7B%22plugin%22%3A%5B%5D%7D"),
        Request("POST", "/icat/session", {"Content-Type": FORM}, b"json=" + b"[" * 50_000),
        Request("POST", "/icat/port", {"Content-Type": "multipart/form-data; boundary=x"}, b"--x\r\n\r\n\r\n--x--"),
        Request("GET", "/icat/session/" + "a" * 50_000),
        Request("GET", "/icat/session/%00"),
        Request("GET", "/icat/user/%ff%fe"),
        Request("GET", "/icat/entityManager?sessionId=%00&query=%00"),
        Request("GET", "/icat/../../etc/passwd"),
    ]
    return found


def hostile_queries() -> list[Request]:
    first = "SELECT ds FROM Dataset ds"
    queries = [
        "(" * 100_00,
        "SELECT " * 5_000,
        f"{first} WHERE {'NOT ' * 9_000}ds.id = 1",
        f"{first} WHERE {'(' * 9_000}ds.id = 1",
        f"{first} WHERE {' OR '.join(['ds.id = 1'] * 4_000)}",
        f"{first} WHERE ds.id = {'-' * 9_000}1",
        f"{first} WHERE ds.id IN ({','.join(map(str, range(15_000)))})",
        f"{first} WHERE ds.name IN ({','.join(['0'] * 9_000)}, 'x')",
        f"{first} WHERE ds.name LIKE '{'%a' * 9_000}'",
        f"SELECT COUNT(a) FROM {', '.join(f'Rule a{n}' for n in range(40))}, Rule a",
        "SELECT COUNT(a) FROM Rule a, Rule b, Rule c, Rule d, Rule e, Rule f",
        f"SELECT a FROM Dataset a{''.join(' JOIN a.datafiles d' + str(n) for n in range(50))}",
        f"SELECT d FROM Dataset d INCLUDE d.{'.'.join(['investigation.datasets'] * 2_000)}",
        f"SELECT d FROM Dataset d INCLUDE d.{'.'.join(['investigation', 'datasets'] * 9)}",
        "SELECT d.investigation.facility.name FROM Dataset d, Dataset e, Dataset f, Dataset g ORDER BY g.name",
        f"SELECT d FROM Dataset d WHERE {'EXISTS (SELECT e FROM Dataset e WHERE ' * 20}d.id = 1{')' * 20}",
        f"Dataset{' <-> Investigation' * 2_000}",
        f"Dataset [{'NOT (' * 2_000}name = 'x'",
        f"Dataset INCLUDE {', '.join(['Datafile'] * 3_000)}",
        "\x00",
        "'\x00'",
        "\ud800".encode("utf-8", "surrogatepass"),
        b"\xff\xfe",
        "é",
        "\ufeffSELECT d FROM Dataset d",
        "",
        "SELECT d FROM Dataset d LIMIT 99999999999999999999, 1",
        "SELECT d FROM Dataset d LIMIT 9223372036854775807, 1",
        f"SELECT d FROM Dataset d WHERE d.id = {'9' * 9_000}",
        f"SELECT {'a.' * 9_000}a FROM Dataset a",
        "SELECT d.id + 9223372036854775807 FROM Dataset d",
        "SELECT SUM(d.id * 9223372036854775807) FROM Dataset d",
        "SELECT d FROM Dataset d WHERE MOD(d.id, 0) = 1 OR d.id / 0 = 1 OR SQRT(0 - 1) = 1",
        "SELECT d FROM Dataset d WHERE SUBSTRING(d.name, 9223372036854775807, 9223372036854775807) = 'x'",
        "SELECT d FROM Dataset d WHERE d.startDate = {ts 0001-01-01 00:00:00} OR d.endDate < {ts 9999-12-31 23:59:59}",
    ]
    return [search_request(query) for query in queries]
