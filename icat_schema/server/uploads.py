"""Large bodies where files are sent, and only there: waitress takes a body in before anybody looks at the session."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser


def channel_for_uploads(largest: Mapping[str, int]) -> type[HTTPChannel]:
    """The class of connections for a waitress server (`channel_class`): the largest body in bytes, by path; every other
    path has the server's own limit. Give more than is accepted, so that the refusal is in the words of the service."""

    class UploadParser(HTTPRequestParser):  # type: ignore[misc]
        adj: Any

        def parse_header(self, header_plus: bytes) -> None:
            super().parse_header(header_plus)
            wanted = largest.get(self.path) if self.command in ("PUT", "POST") else None
            if wanted is not None:
                adjustments: Any = copy.copy(self.adj)
                adjustments.max_request_body_size = wanted
                self.adj = adjustments

    class UploadChannel(HTTPChannel):  # type: ignore[misc]
        parser_class: Any = UploadParser

    return UploadChannel
