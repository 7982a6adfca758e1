"""The process that answers questions about HDF5 files: `python -m drac_plugins.h5grove.reader DESCRIPTOR`.

It gets a connection per question over the socket of this descriptor, and has a child of its own answer it: the library
may crash on hostile files, and some of them ask for all memory or all time there is. It ends when the socket is closed.
A question is a line of JSON; the answer a line of JSON (status, headers, length) and the body.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import sysconfig

from drac_plugins.h5grove import contents, guard
from drac_plugins.h5grove.questions import SECONDS, Answer, Question

MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 30
_LONGEST_QUESTION = 1024 * 1024
_LIBRARIES = tuple(sorted({os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}))
"""Python reads some of its modules when it first needs them; everybody may read those."""


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children that ended are not kept
    with socket.socket(fileno=int(sys.argv[1])) as control:
        while True:
            message, descriptors, *_ = socket.recv_fds(control, 1, 1)
            if not message:
                return
            for descriptor in descriptors:
                _fork(control, descriptor)


def _fork(control: socket.socket, descriptor: int) -> None:
    if os.fork():
        os.close(descriptor)
        return
    status = 1
    try:
        control.close()
        with socket.socket(fileno=descriptor) as connection:
            respond(connection)
        status = 0
    finally:
        os._exit(status)


def respond(connection: socket.socket) -> None:
    """Answer the question that comes over the connection, within the bounds of this process."""
    signal.alarm(SECONDS)
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    with connection.makefile("rb") as incoming:
        question = Question.of_line(incoming.readline(_LONGEST_QUESTION))
    answer = _answer(question)
    connection.sendall(answer.head())
    connection.sendall(answer.body)


def _answer(question: Question) -> Answer:
    try:
        descriptor = contents.opened(question)
    except (OSError, ValueError):
        return contents.failure(404, "the file is not on a disk that this host reads")
    except contents.Refused as error:
        return contents.failure(404, str(error))
    guarded = guard.restrict([question.file, *question.folders, *_LIBRARIES])
    return contents.answer(question, descriptor, guarded=guarded)


if __name__ == "__main__":
    main()
