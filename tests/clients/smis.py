"""A stand-in for the facility's SMIS, which drac-notifier asks over SOAP for addresses of people: it knows only the two
questions that the notifier asks, and answers them for everybody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lxml import etree

_DESCRIPTION = """<?xml version="1.0"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:tns="urn:smis" xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:smis">
  <types><xs:schema targetNamespace="urn:smis" elementFormDefault="qualified">
    <xs:element name="{operation}"><xs:complexType><xs:sequence>
      <xs:element name="asked" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
    <xs:complexType name="person"><xs:sequence>
      <xs:element name="scientistEmail" type="xs:string"/>
      <xs:element name="scientistName" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>
    <xs:element name="{operation}Response"><xs:complexType><xs:sequence>
      <xs:element name="return" type="{kind}"/></xs:sequence></xs:complexType></xs:element>
  </xs:schema></types>
  <message name="question"><part name="parameters" element="tns:{operation}"/></message>
  <message name="answer"><part name="parameters" element="tns:{operation}Response"/></message>
  <portType name="port"><operation name="{operation}">
    <input message="tns:question"/><output message="tns:answer"/></operation></portType>
  <binding name="binding" type="tns:port">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="{operation}"><soap:operation soapAction=""/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="service"><port name="port" binding="tns:binding"><soap:address location="{address}"/></port></service>
</definitions>"""
_ANSWER = """<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<s:{operation}Response xmlns:s="urn:smis"><s:return>{content}</s:return></s:{operation}Response>
</soap:Body></soap:Envelope>"""
_OPERATIONS = {
    "/SMISServer-ejb3/UserLookupWebService/UserLookupWebServiceBean": ("getUserIdForUserName", "xs:string"),
    "/SMISServer-ejb3/SMISWebService/SMISWebServiceBean": ("findUserByScientistPk", "tns:person"),
}


@contextmanager
def running_smis() -> Iterator[str]:
    """Its address. The id of a person is `id of <login>`, the address `<login>@example.org`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            operation, kind = _OPERATIONS[path]
            self._send(_DESCRIPTION.format(operation=operation, kind=kind, address=f"{address}{path}"))

        def do_POST(self) -> None:
            question = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
            operation = _OPERATIONS[self.path][0]
            asked = question.findtext(f".//{{urn:smis}}{operation}/{{urn:smis}}asked") or ""
            mail = f"<s:scientistEmail>{asked.removeprefix('id of ')}@example.org</s:scientistEmail>"
            content = f"id of {asked}" if operation.startswith("get") else mail
            self._send(_ANSWER.format(operation=operation, content=content))

        def _send(self, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    server.server_close()
