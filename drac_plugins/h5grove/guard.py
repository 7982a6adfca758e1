"""Landlock (Linux 5.13 and newer): the kernel lets this process open nothing but what lies below some folders. It holds
for what the HDF5 library opens by itself too: external links, sources of virtual datasets, external raw data, plug-ins.

Numbers are those of <linux/landlock.h>; the system calls have the same ones on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_EVERYTHING = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Version of the interface -> every kind of access to files that it knows."""
_NETWORK = 0b11  # bind and connect, TCP; version 4


def available() -> bool:
    return _version() > 0


def restrict(folders: Iterable[str]) -> bool:
    """From now on this process reads nothing but these files and what lies below these folders, and writes nothing; its
    open files stay usable. Folders that are not there, or that are reached through a symbolic link, are left out. False
    when the kernel cannot. Raises OSError when it can and does not."""
    version = _version()
    if version < 1:
        return False
    files = _EVERYTHING[max(known for known in _EVERYTHING if known <= version)]
    attributes = struct.pack("=QQ", files, _NETWORK) if version >= 4 else struct.pack("=Q", files)
    ruleset = _call(_CREATE_RULESET, attributes, len(attributes), 0)
    for folder in folders:
        _allow(ruleset, folder)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    _call(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return True


def _allow(ruleset: int, path: str) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        itself = Path(f"/proc/self/fd/{opened}")
        if str(itself.readlink()) == path:
            kinds = _READ_FILE | _READ_DIR if itself.is_dir() else _READ_FILE
            _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", kinds, opened), 0)
    finally:
        os.close(opened)


def _version() -> int:
    try:
        return _call(_CREATE_RULESET, None, 0, _VERSION)
    except OSError:  # too old, switched off, or forbidden by the container
        return 0


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    typed = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    found = int(libc.syscall(ctypes.c_long(number), *typed))
    if found < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: {os.strerror(ctypes.get_errno())}")
    return found
