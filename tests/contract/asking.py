"""How the unmodified published client asks one operation, and what is known about the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import icat_plus_client as client
from icat_plus_client.exceptions import ApiException

from tests.access.places import Place
from tests.access.world import World

UNPARSABLE = {
    "catalogue_session_id_datacollection_get": "one object is declared, a list is sent",
    "catalogue_session_id_user_name_name_instrumentscientist_get": "datafiles are declared",
    "ids_data_metalink_get": "its media type is none that the client decodes",
    "ids_session_id_data_download_get": "the client writes objects in place of ids",
    "ids_session_id_datasets_status_get": "objects are declared, texts are sent",
    "resource_session_id_file_upload_post": "the client sends no file and no facts",
}
"""Operations whose typed call cannot succeed with what every client in use expects -> why."""


@dataclass(frozen=True)
class Asking:
    """`place` is the session of ada (principal investigator), bo and contact at cy's instrument, under embargo; `open`
    is released."""

    world: World
    api: str
    method: str
    lonely: str = ""
    """Address of a facade whose catalogue does not answer."""

    @property
    def place(self) -> Place:
        return self.world.places["embargoed"]

    @property
    def open(self) -> Place:
        return self.world.places["open"]

    @property
    def others(self) -> Place:
        return self.world.places["others"]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """The typed call."""
        return self._bound(self.method)(*arguments, **named)

    def alone(self, *arguments: Any, **named: Any) -> Any:
        """The typed call, where the catalogue does not answer."""
        lonely = client.ApiClient(client.Configuration(host=self.lonely, retries=0))
        return getattr(getattr(client, self.api)(lonely), self.method)(*arguments, **named)

    def content(self, *arguments: Any, **named: Any) -> bytes:
        """The typed call of an operation that declares no result; what came all the same."""
        assert self.method not in UNPARSABLE
        content: bytes = self._bound(f"{self.method}_with_http_info")(*arguments, **named).raw_data
        return content

    def raw(self, *arguments: Any, **named: Any) -> Any:
        """For operations in `UNPARSABLE`: the answer itself, as JSON or text. Raises like the typed call."""
        assert self.method in UNPARSABLE
        reply = self._bound(f"{self.method}_without_preload_content")(*arguments, **named)
        if reply.status >= 400:
            raise ApiException.from_response(http_resp=reply, body=reply.data.decode(), data=None)
        return reply.json() if reply.headers["Content-Type"].startswith("application/json") else reply.data.decode()

    def session(self, login: str) -> str:
        return self.world.facade.log_in(login)

    def bearer(self, login: str) -> dict[str, dict[str, str]]:
        return {"_headers": {"Authorization": f"Bearer {self.session(login)}"}}

    def fresh(self, login: str) -> str:
        """A session that may be ended."""
        return self.world.facade.services.catalogue.login("simple", {"username": login, "password": login}).id

    def _bound(self, name: str) -> Callable[..., Any]:
        bound: Callable[..., Any] = getattr(getattr(client, self.api)(self.world.facade.client()), name)
        return bound


@dataclass(frozen=True)
class Call:
    """`ok` asks something that succeeds and says whether the answer is right; `wrong` asks what fails typically, with
    `error`; `after` undoes what was done."""

    ok: Callable[[Asking], object]
    wrong: Callable[[Asking], object]
    error: type[ApiException]
    after: Callable[[World], None] = lambda _: None
