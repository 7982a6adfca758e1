"""Whoever reads the log of a facade that runs can act for nobody."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.access.world import World
from tests.core.test_cli import DRAC, write_settings

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmVkIGJ5IHRoZSBwcm92aWRlcg"


def raw(address: str, request: str) -> None:
    """What no HTTP client would send."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(request.encode())
        connection.settimeout(30)
        connection.recv(4096)


def test_neither_sessions_nor_keys_nor_passwords_nor_tokens_are_in_the_log(world: World, tmp_path: Path) -> None:
    session, key = world.facade.log_in("ada"), world.facade.api_key
    config = write_settings(tmp_path, world.facade.catalogue.url, f'[auth.api_keys]\ndaq = "{key}"')
    enabled = 'enabled = ["session", "catalogue", "dataacquisition"]'
    config.write_text(config.read_text().replace('enabled = ["session"]', enabled))
    command = [*DRAC, "--config", str(config), "--log-level", "debug", "serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().split()[-1]
    for method, path in (
        ("GET", f"/session/{session}"),
        ("GET", f"/catalogue/{session}/dataset?datasetIds=x"),
        ("PATCH", f"/session/{session}"),
        ("GET", f"/nowhere/{session}/at/all?sessionId={session}"),
        ("GET", f"/dataacquisition/{key}/investigation"),
        ("GET", f"/dataacquisition/{key}x/investigation"),
        ("GET", f"/catalogue/{session}/samples?search={'%00'}"),
    ):
        requests.request(method, address + path, headers={"Authorization": f"Bearer {session}"}, timeout=30)
    for plugin, password in (("simple", "a wrong secret"), ("oidc", TOKEN)):
        credentials = {"plugin": plugin, "username": "ada", "password": password}
        requests.post(f"{address}/session", json=credentials, timeout=30)
    raw(address, f"GET /session/{session} HTTP/9.9 and more\r\n\r\n")
    raw(address, f"G@T /session/{session} HTTP/1.1\r\n\r\n")
    raw(address, f"GET /session/{session} HTTP/1.1\r\nBroken header {session}\r\n\r\n")
    raw(address, f"GET /{'x' * 9000}/{session} HTTP/1.1\r\n\r\n")
    process.terminate()
    _, log = process.communicate(timeout=60)
    assert "GET /session/<sessionId> 200" in log
    for secret in (session, key, "a wrong secret", TOKEN):
        assert secret not in log
