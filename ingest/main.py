"""`python -m ingest.main`: the ingester as a process, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from types import FrameType

from drac_plugins.core import logs
from drac_plugins.core.errors import DracError
from drac_plugins.core.settings import Settings, SettingsError, load
from ingest.service import Ingester, alone, open_store

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Run until a signal ends it. Says `listening on ...` on stdout when producers may come. Raises SettingsError,
    DracError, or OSError when a port is taken."""
    ending = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with alone(settings.var):
        store = open_store(settings)
        try:
            ingester = Ingester(settings, store)
            doors = ingester.start()
            try:
                print(f"listening on {', '.join(doors) or 'nothing'}", flush=True)  # noqa: T201 - the readiness line
                ending.wait()
                log.info("Stopping")
            finally:
                ingester.stop()
        finally:
            store.close()


def main() -> None:
    logs.start()
    logging.getLogger("stomp.py").setLevel(logging.CRITICAL)  # ingest.transport.subscriber says it in our words
    try:
        settings = load()
        logs.write_as(settings.logs.format)
        run(settings)
    except SettingsError as error:
        sys.exit(f"settings: {error}")
    except DracError as error:
        sys.exit(error.message)
    except OSError as error:
        sys.exit(f"The ingester cannot start: {error}")


if __name__ == "__main__":
    main()
