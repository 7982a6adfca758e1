"""Large bodies for put, and only for it: waitress takes a body in before anybody looks at the caller's session."""

from __future__ import annotations

import copy
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

from icat_schema.server.ids.routes import PUT_PATH

SPARE_BYTES = 64 * 1024


def channel_for_uploads(max_bytes: int) -> type[HTTPChannel]:
    """The class of connections for a waitress server (`channel_class`) that takes in uploads somewhat larger than
    `max_bytes`: the data service refuses those that are, in its own words."""

    class UploadParser(HTTPRequestParser):  # type: ignore[misc]
        adj: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            if self.command in ("PUT", "POST") and self.path == PUT_PATH:
                adjustments: Any = copy.copy(self.adj)
                adjustments.max_request_body_size = 2 * max_bytes + SPARE_BYTES  # chunks have heads, too
                self.adj = adjustments

    class UploadChannel(HTTPChannel):  # type: ignore[misc]
        parser_class: Any = UploadParser

    return UploadChannel
