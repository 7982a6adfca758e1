"""Small and large damage to requests: in bytes, words, JSON, XML and headers."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, quote_from_bytes, urlencode, urlsplit

from lxml import etree

from tests.fuzz.material import CONTENT_TYPES, ENTITIES, NUMBERS, TEXTS, WORDS
from tests.fuzz.requests import FORM, Request

PIECES = re.compile(r"\s+|[A-Za-z_$][\w$.]*|\d+(?:\.\d+)?|'(?:[^']|'')*'|.", re.DOTALL)


class Mutator:
    """`random` decides everything."""

    def __init__(self, source: random.Random) -> None:
        self._random = source

    def query(self, text: str) -> str:
        """A few words changed, taken out, doubled, moved or put in."""
        words = PIECES.findall(text)
        for _ in range(self._random.choice((1, 1, 1, 2, 3, 8))):
            words = self._word_changed(words)
        return "".join(words)

    def _word_changed(self, words: list[str]) -> list[str]:
        at = self._random.randrange(len(words) + 1)
        other = self._random.randrange(len(words) + 1)
        match self._random.randrange(7):
            case 0:
                return words[:at] + words[at + 1 :]
            case 1:
                return [*words[:at], " ", self._random.choice(WORDS), " ", *words[at:]]
            case 2:
                return [*words[:at], self._random.choice(WORDS), *words[at + 1 :]]
            case 3:
                low, high = sorted((at, other))
                return words[:high] + words[low:high][:40] + words[high:]
            case 4:
                low, high = sorted((at, other))
                return words[:low] + words[high:]
            case 5:
                return [*words[:at], "'", self._random.choice(TEXTS).replace("'", "''")[:2000], "'", *words[at + 1 :]]
        return [*words[:at], *("(" * self._random.choice((1, 5, 40))), *words[at:]]

    def request(self, request: Request) -> Request:
        """One damage to what the request carries, seldom to its frame."""
        if self._random.random() < 0.05:
            return self._frame(request)
        if request.body.lstrip()[:1] == b"<":
            return self._body(request, self._xml)
        if FORM in request.headers.get("Content-Type", "") or "?" in request.path:
            return self._parameters(request)
        return self._body(request, self.octets)

    def octets(self, body: bytes) -> bytes:
        """Some bytes changed, taken out, doubled or put in."""
        found = bytearray(body)
        for _ in range(self._random.choice((1, 1, 2, 6))):
            at = self._random.randrange(len(found) + 1)
            match self._random.randrange(4):
                case 0:
                    found[at : at + 1] = bytes([self._random.randrange(256)])
                case 1:
                    del found[at : at + self._random.choice((1, 4, 50))]
                case 2:
                    found[at:at] = found[max(0, at - self._random.choice((4, 60))) : at]
                case _:
                    found[at:at] = self._random.choice(TEXTS)[:3000].encode("utf-8", "surrogatepass")
        return bytes(found)

    def _body(self, request: Request, change: Callable[[bytes], bytes]) -> Request:
        damaged = self.octets if self._random.random() < 0.25 else change
        chunked = self._random.choice((0, 0, 0, 0, 0, 0, 7, 4096))
        return replace(request, body=damaged(request.body), chunked=chunked)

    # Forms and query strings

    def _parameters(self, request: Request) -> Request:
        if request.body:
            return request.with_body(self._form(request.body.decode("latin-1")).encode())
        path, query = urlsplit(request.path).path, urlsplit(request.path).query
        return replace(request, path=f"{path}?{self._form(query)}" if query else quote(self.query(path)))

    def _form(self, encoded: str) -> str:
        pairs = parse_qsl(encoded, keep_blank_values=True)
        if not pairs or self._random.random() < 0.05:
            return quote_from_bytes(self.octets(encoded.encode()), safe="=&%+")
        at = self._random.randrange(len(pairs))
        name, value = pairs[at]
        match self._random.randrange(12):
            case 0:
                del pairs[at]
            case 1:
                pairs.append((name, self._random.choice(TEXTS)))
            case 2:
                pairs[at] = (name, self._random.choice(TEXTS))
            case _:
                pairs[at] = (name, self._value(name, value))
        return urlencode(pairs, errors="surrogatepass")

    def _value(self, name: str, value: str) -> str:
        if value.lstrip()[:1] in ("{", "["):
            return self._json(value)
        return value if name == "sessionId" and self._random.random() < 0.9 else self.query(value)

    # JSON

    def _json(self, text: str) -> str:
        if self._random.random() < 0.1:
            return self.query(text)
        try:
            root = [json.loads(text)]
        except ValueError:
            return self.query(text)
        for _ in range(self._random.choice((1, 1, 2, 4))):
            self._json_changed(root)
        return json.dumps(root[0] if root else None)

    def _json_changed(self, root: list[Any]) -> None:
        places = list(_places(root))
        owner, key = self._random.choice(places)
        match self._random.randrange(6):
            case 0 if len(places) > 1 and owner is not root:
                del owner[key]
            case 1:
                owner[key] = [owner[key], owner[key]]
            case 2:
                owner[key] = {self._random.choice(ENTITIES): owner[key]}
            case 3 if isinstance(owner, dict):
                owner[self._random.choice((*ENTITIES, "id", "name", "type", "datasets", "", "\x00"))] = owner[key]
            case 4:
                owner[key] = self._nested()
            case _:
                owner[key] = self._random.choice((*TEXTS, *NUMBERS, None, True, [], {}))

    def _nested(self) -> Any:
        nested: Any = self._random.choice(("x", 1, None))
        for _ in range(self._random.choice((3, 60, 200))):
            nested = [nested] if self._random.random() < 0.5 else {"investigation": nested}
        return nested

    # XML

    def _xml(self, body: bytes) -> bytes:
        try:
            root = etree.fromstring(body)
        except etree.XMLSyntaxError:
            return self.octets(body)
        for _ in range(self._random.choice((1, 1, 2, 5))):
            self._xml_changed(root)
        return etree.tostring(root)

    def _xml_changed(self, root: etree._Element) -> None:
        elements = [e for e in root.iter() if isinstance(e.tag, str)]
        element, other = self._random.choice(elements), self._random.choice(elements)
        match self._random.randrange(7):
            case 0 if element.getparent() is not None:
                element.getparent().remove(element)
            case 1 if element not in other.iterancestors() and element is not other:
                other.append(element)
            case 2 if element.getparent() is not None:
                element.addnext(etree.fromstring(etree.tostring(element, with_tail=False)))
            case 3:
                element.tag = self._random.choice(("x", "id", "bean", "{urn:x}y", other.tag))
            case 4:
                for name in element.attrib:
                    element.set(
                        name, self._random.choice(("tns:dataset", "dataset", "tns:x", "", "xs:string", "a:b:c"))
                    )
            case _:
                element.text = self._xml_text(element.text or "")

    def _xml_text(self, text: str) -> str:
        changed = (
            self.query(text) if text and self._random.random() < 0.5 else str(self._random.choice((*TEXTS, *NUMBERS)))
        )
        return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "?", changed)

    # Frame

    def _frame(self, request: Request) -> Request:
        match self._random.randrange(5):
            case 0:
                return replace(request, headers={**request.headers, "Content-Type": self._random.choice(CONTENT_TYPES)})
            case 1:
                return replace(request, headers={**request.headers, "Accept": self._random.choice(CONTENT_TYPES)})
            case 2:
                return replace(request, method=self._random.choice(("GET", "PUT", "PATCH", "HEAD", "OPTIONS", "X")))
            case 3:
                return replace(request, headers={**request.headers, "Content-Encoding": "gzip", "Expect": "x"})
        return replace(
            request, path=request.path + self._random.choice(("/", "//..", "%00", "%ff", "?", "?wsdl", "/%2e%2e/x"))
        )


def _places(root: list[Any]) -> list[tuple[Any, Any]]:
    """Every place in a JSON document, as its owner and key."""
    found: list[tuple[Any, Any]] = []
    waiting: list[Any] = [root]
    while waiting:
        owner = waiting.pop()
        keys = range(len(owner)) if isinstance(owner, list) else owner
        for key in keys:
            found.append((owner, key))
            if isinstance(owner[key], (dict, list)):
                waiting.append(owner[key])
    return found
