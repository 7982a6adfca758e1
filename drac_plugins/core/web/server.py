"""The production server of the facade: gunicorn with threads, configured from our settings alone."""

from __future__ import annotations

import gc
import logging
import os
from tempfile import TemporaryDirectory
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.util import import_app

from drac_plugins.core.logs import guarded
from drac_plugins.core.settings import Web

_GRACE_SECONDS = 30
_IDLE_SECONDS = 65  # longer than proxies keep theirs: who asks on a connection that is being closed gets no answer
_FIGURES = "PROMETHEUS_MULTIPROC_DIR"
"""Variable of the library of figures: where several workers put theirs together."""

_GARBAGE = (100_000, 20, 50)
_LONGEST_REQUEST_LINE = 8190  # clients put lists of ids into the query


def serve(factory: str, web: Web) -> None:
    """Answer requests until SIGTERM or SIGINT; those in progress are finished within 30 s. Prints one line when ready.

    `factory`: where the app comes from, as `module:function()`; it is called before anything is forked, so that
    mistakes in the settings show at once, as exceptions of ours.
    """
    with TemporaryDirectory(prefix="drac-figures-") as folder:
        if web.workers > 1:
            os.environ[_FIGURES] = folder  # before the library is imported
        app: Flask = import_app(factory)
        _let_garbage_wait()
        _Server(app, web).run()


def _let_garbage_wait() -> None:
    """Long lists are made of hundreds of thousands of small objects that live until the answer is sent; at the usual
    pace the collector takes more time to look through them again and again than everything else. What was loaded stays,
    the little garbage among it too: to look for it would delay the first answer by a tenth of a second."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn carries no types
    def __init__(self, app: Flask, web: Web) -> None:
        self._app = app
        self._web = web
        super().__init__()

    def load_config(self) -> None:
        host = f"[{self._web.host}]" if ":" in self._web.host else self._web.host
        wanted = {
            "bind": f"{host}:{self._web.port}",
            "workers": self._web.workers,
            "worker_class": "gthread",
            "threads": self._web.threads,
            "preload_app": True,
            "graceful_timeout": _GRACE_SECONDS,
            "keepalive": _IDLE_SECONDS,
            "limit_request_line": _LONGEST_REQUEST_LINE,
            "control_socket_disable": True,
            "logger_class": _Log,
            "loglevel": "warning",
            "when_ready": _ready,
            "post_fork": self._forked,
            "child_exit": _exited,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:  # releases before 25 have no control socket
                self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app

    def _forked(self, _arbiter: Any, _worker: Any) -> None:
        """Connections must not be shared between processes."""
        self._app.extensions["drac"].store.engine.dispose(close=False)


class _Log(Logger):  # type: ignore[misc]
    """gunicorn names paths in its complaints, and our paths hold session ids."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        logger: logging.Logger = self.error_log
        for handler in logger.handlers:
            guarded(handler)


def _exited(_arbiter: Any, worker: Any) -> None:
    from drac_plugins.core.web.figures import worker_ended

    worker_ended(worker.pid)


def _ready(arbiter: Any) -> None:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"listening on http://{shown}:{port}")
