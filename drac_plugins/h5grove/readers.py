"""The facade's side of `reader`: starts that process when it is first needed, and again when it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

from drac_plugins.core.errors import Invalid, Unavailable
from drac_plugins.h5grove.questions import SECONDS, Question

_PORTION = 256 * 1024
_LONGEST_HEAD = 64 * 1024
_IN_MEMORY = 1024 * 1024
_AT_ONCE = 4
_PATIENCE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Told:
    """What the process answered. `content` is to be closed; it stands at its beginning."""

    status: int
    headers: Mapping[str, str]
    length: int
    content: IO[bytes]


class Readers:
    """Thread-safe; may be made before the workers are forked. At most `_AT_ONCE` questions are answered at once, so
    that slow files never hold all threads; an answer is put aside, so that slow clients hold no place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._owner = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def ask(self, question: Question) -> Told:
        """Raises Invalid for a file that is damaged or does harm, Unavailable when too much is asked at once."""
        if not self._places.acquire(timeout=_PATIENCE_SECONDS):
            raise Unavailable("Too many HDF5 files are being read; try again later")
        try:
            with self._connected() as connection:
                connection.settimeout(SECONDS + _PATIENCE_SECONDS)
                connection.sendall(question.line())
                with connection.makefile("rb") as incoming:
                    return _told(incoming)
        except OSError as error:
            raise Unavailable(f"HDF5 files cannot be read now ({type(error).__name__}); try again later") from error
        finally:
            self._places.release()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._forget()

    def _connected(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for first in (True, False):
                try:
                    socket.send_fds(self._started(), [b"?"], [theirs.fileno()])
                    return ours
                except OSError:  # it has ended
                    self._forget()
                    if not first:
                        ours.close()
                        raise
        raise AssertionError

    def _started(self) -> socket.socket:
        if self._owner != os.getpid():  # forked since: the process of the parent is not ours
            self._process = self._control = None
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                number = theirs.fileno()
                self._process = subprocess.Popen(  # noqa: S603 - no shell
                    [sys.executable, "-m", "drac_plugins.h5grove.reader", str(number)],
                    stdin=subprocess.DEVNULL,
                    pass_fds=(number,),
                    env=_environment(),
                )
            self._control, self._owner = ours, os.getpid()
        return self._control

    def _forget(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            self._process.kill()
            self._process.wait()
        self._process = self._control = None


def _environment() -> dict[str, str]:
    """Nothing of ours: the process reads hostile files and shall know no passwords."""
    found = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LANG": "C.UTF-8"}
    return found | {"OPENBLAS_NUM_THREADS": "1", "HDF5_USE_FILE_LOCKING": "FALSE"}


def _told(incoming: IO[bytes]) -> Told:
    head = incoming.readline(_LONGEST_HEAD)
    if not head.endswith(b"\n"):
        raise _broken()
    told = json.loads(head)
    content = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by who sends it on
    missing = int(told["length"])
    while missing and (portion := incoming.read(min(_PORTION, missing))):
        content.write(portion)
        missing -= len(portion)
    if missing:
        content.close()
        raise _broken()
    content.seek(0)
    return Told(told["status"], told["headers"], told["length"], content)


def _broken() -> Invalid:
    """Its child ended before it had answered."""
    return Invalid(
        "The file makes the HDF5 library fail, or asks for more memory or time than it may have: it is damaged or made "
        "to do harm"
    )
