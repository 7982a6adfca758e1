"""Files that came from outside, on their way back out."""

from __future__ import annotations

import re
from io import BytesIO

from flask import Response, send_file

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_YEAR_SECONDS = 365 * 24 * 3600


def stored_file(content: bytes, content_type: str, filename: str, *, shown: bool, etag: str) -> Response:
    """A file that never changes under its address. `shown`: a browser may show it inside our pages; everything else is
    only offered for saving, because it could carry scripts."""
    reply = send_file(
        BytesIO(content),
        mimetype=content_type,
        as_attachment=not shown,
        download_name=_CONTROL_CHARACTERS.sub("_", filename),
        etag=etag,
    )
    reply.headers["Cache-Control"] = f"private, max-age={_YEAR_SECONDS}, immutable"
    return reply
