"""Where our forms may lead to."""

from __future__ import annotations

import re

from flask import url_for

_OWN_CHARACTERS = re.compile(r"[A-Za-z0-9/?&=%+._~,:;@!*'()-]*")
"""What addresses of our pages are made of. No backslash, which browsers take for a slash, and no end of line."""


def own_address(wanted: str) -> str:
    """The address if it is one of our own pages, else that of the sessions."""
    own = url_for("portal.sessions")
    return wanted if _OWN_CHARACTERS.fullmatch(wanted) and wanted.startswith(own) else own
