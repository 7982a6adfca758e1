"""People at the facade: every way to ask for a session or a dataset, and whether the answer shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests

from drac_plugins.demo.verify import API_KEY


@dataclass(frozen=True)
class Place:
    """A session with a raw dataset and one computed from it."""

    investigation: int
    raw: int
    processed: int
    picture: str = "0" * 24


@dataclass(frozen=True)
class Person:
    """Somebody with a session of the API and a cookie of the pages; None: anonymous."""

    url: str
    session_id: str | None
    browser: requests.Session

    @classmethod
    def anonymous(cls, url: str) -> Person:
        return cls(url, None, requests.Session())

    @classmethod
    def log_in(cls, url: str, name: str, plugin: str = "simple") -> Person:
        credentials = {"plugin": plugin, "username": name, "password": name}
        reply = requests.post(f"{url}/session", json=credentials, timeout=30)
        reply.raise_for_status()
        browser = requests.Session()
        if plugin == "simple":
            reply_of_page = submit_log_in(browser, url, name, name)
            assert reply_of_page.status_code == 303, reply_of_page.text
        return cls(url, reply.json()["sessionId"], browser)

    def get(self, path: str) -> requests.Response:
        """`{s}` becomes the session id. Pages are asked with the cookie, everything else with the bearer."""
        if path.startswith("/portal"):
            return self.browser.get(self.url + path, timeout=30)
        headers = {"Authorization": f"Bearer {self.session_id}"} if self.session_id else {}
        return requests.get(self.url + path.replace("{s}", self.session_id or ""), headers=headers, timeout=30)

    def post(self, path: str, body: object) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.session_id}"} if self.session_id else {}
        return requests.post(self.url + path, json=body, headers=headers, timeout=30)


def submit_log_in(browser: requests.Session, url: str, username: str, password: str) -> requests.Response:
    """Fill in the form of the pages and send it."""
    form = browser.get(f"{url}/portal/log-in", timeout=30).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token, form
    fields = {"username": username, "password": password, "csrf_token": token[1]}
    return browser.post(f"{url}/portal/log-in", data=fields, timeout=30, allow_redirects=False)


Ask = Callable[[Person, Place], requests.Response]


def _getting(template: str) -> Ask:
    def ask(person: Person, place: Place) -> requests.Response:
        names = {"i": place.investigation, "r": place.raw, "p": place.processed, "pic": place.picture}
        path = template
        for name, value in names.items():
            path = path.replace(f"<{name}>", str(value))
        return person.get(path)

    return ask


def _resolving(person: Person, place: Place) -> requests.Response:
    return person.post("/displays/resolve", {"datasetIds": [place.raw, place.processed]})


_OPEN = (
    "/catalogue/datasets?investigationIds=<i>",
    "/catalogue/datasets?investigationIds=<i>&nested=true",
    "/catalogue/datasets?datasetIds=<r>,<p>&nested=true",
    "/displays/resolve?datasetId=<r>&explain=true&view=true",
    "/displays/resolve?datasetId=<p>&explain=true&view=true",
    "/portal/investigations/<i>",
    "/portal/datasets/<r>",
    "/portal/datasets/<p>",
)
_WITH_SESSION = (
    "/catalogue/{s}/dataset?investigationIds=<i>&nested=true",
    "/catalogue/{s}/dataset?datasetIds=<p>",
    "/catalogue/{s}/dataset/id/<r>,<p>/dataset",
    "/catalogue/{s}/investigation?ids=<i>",
    "/catalogue/{s}/investigation/id/<i>/investigationusers",
    "/catalogue/{s}/samples?investigationId=<i>&includeDatasets=true&nested=true",
    "/catalogue/{s}/datafile?datasetId=<r>",
    "/catalogue/{s}/dataset/id/<r>/datafile",
)
_COLLECTIONS = ("/catalogue/{s}/datacollection?datasetId=<p>", "/catalogue/{s}/dataset/id/<p>/datacollection")
_WITH_KEY = (
    f"/dataacquisition/{API_KEY}/investigation?ids=<i>",
    f"/dataacquisition/{API_KEY}/dataset?investigationId=<i>",
)

OPEN: Mapping[str, Ask] = {**{path: _getting(path) for path in _OPEN}, "POST /displays/resolve": _resolving}
WITH_SESSION: Mapping[str, Ask] = {path: _getting(path) for path in _WITH_SESSION}
COLLECTIONS: Mapping[str, Ask] = {path: _getting(path) for path in _COLLECTIONS}
WITH_KEY: Mapping[str, Ask] = {path: _getting(path) for path in _WITH_KEY}
PICTURE = _getting("/portal/datasets/<r>/gallery/<pic>")


def shows(reply: requests.Response) -> bool:
    """Whether the answer shows what was asked for; fails for anything but an answer or a clean refusal."""
    assert reply.status_code in (200, 404), (
        f"{reply.request.method} {reply.url}: {reply.status_code} {reply.text[:300]}"
    )
    if reply.status_code == 404:
        return False
    return bool(reply.json()) if "json" in reply.headers["Content-Type"] else True
