"""The spellings under which one technique is met: namespaces that moved, versions in the middle, look-alike letters."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal
from urllib.parse import unquote

ESRFET = "https://w3id.org/PaN/ESRFET#"
PANET = "http://purl.org/pan-science/PaNET/"
PREFIXES = {"esrfet": ESRFET, "panet": PANET}

IriState = Literal["current", "old namespace", "versioned", "other spelling", "unknown"]
"""How an identifier relates to the IRI in force."""

_ESRFET_FORMS = re.compile(
    r"^https?://(?P<host>w3id\.org/PaN|purl\.org/pan-science)/ESRFET(?P<version>/v?\d[\w.]*)?/?#(?P<name>[^\s#]+)$",
    re.IGNORECASE,
)
_PANET_FORMS = re.compile(
    r"^https?://(?:w3id\.org/PaN|purl\.org/pan-science)/PaNET(?:/v?\d[\w.]*)?[/#]{1,2}(?P<name>PaNET\d+)$",
    re.IGNORECASE,
)
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_GREEK = {"χ": "chi", "μ": "u", "µ": "u"}


def fold(name: str) -> str:
    """The form in which names are compared: ASCII where a look-alike exists, case and surrounding blanks ignored."""
    text = unicodedata.normalize("NFKC", name).translate(_HYPHENS).casefold().strip()
    return "".join(_GREEK.get(letter, letter) for letter in text)


def spellings(name: str) -> set[str]:
    """Every folded form under which `name` may be typed: a chi is written out or replaced by the Latin x."""
    return {fold(name), fold(name.casefold().replace("χ", "x"))}


def split(identifier: str) -> tuple[str, str, IriState] | None:
    """Namespace in force, local name and state of an IRI or CURIE; None for anything else (a plain name, another
    vocabulary). The local name is percent-decoded but otherwise as written."""
    text = unquote(identifier.strip())
    prefix, colon, name = text.partition(":")
    if colon and prefix.casefold() in PREFIXES and name and not name.startswith("//"):
        return PREFIXES[prefix.casefold()], name, "current"
    if match := _ESRFET_FORMS.match(text):
        return ESRFET, match["name"], _esrfet_state(text, match)
    if match := _PANET_FORMS.match(text):
        return PANET, match["name"], "current" if text.startswith(PANET) else "other spelling"
    return None


def _esrfet_state(text: str, match: re.Match[str]) -> IriState:
    if match["host"].casefold().startswith("purl"):
        return "old namespace"
    if match["version"]:
        return "versioned"
    return "current" if text.startswith(ESRFET) else "other spelling"
