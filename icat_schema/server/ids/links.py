"""getLink: another name of a file, for people who work on the machine that has it."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
import subprocess
import time
from pathlib import Path
from uuid import uuid4

from icat_schema.server.ids.failures import bad_request, not_implemented
from icat_schema.server.ids.levels import Place

ACL_SECONDS = 20


class Links:
    """Makes links in one folder, and removes those that are older than `hours`."""

    def __init__(self, folder: Path, hours: int) -> None:
        self._folder = folder
        self._seconds = hours * 3600

    def make(self, place: Place, user_name: str) -> Path:
        """A hard link, or a symbolic one across file systems; the account may read it. Raises IdsError for an unknown
        account, OSError."""
        try:
            account = pwd.getpwnam(user_name)
        except (KeyError, ValueError):
            raise bad_request(f"There is no account '{user_name}' on this machine") from None
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._tidy()
        target = self._folder.resolve() / f"{int(time.time())}-{uuid4()}"
        try:
            place.folder.link(place.parts, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            target.symlink_to(place.folder.resolved(place.parts))
        try:
            _let_read(target, account)
        except BaseException:
            target.unlink()
            raise
        return target

    def _tidy(self) -> None:
        """The time when a link was made is in its name: a hard link has no time of its own."""
        limit = time.time() - self._seconds
        for link in self._folder.iterdir():
            made = link.name.partition("-")[0]
            if made.isascii() and made.isdigit() and int(made) < limit:
                link.unlink(missing_ok=True)


def _let_read(path: Path, account: pwd.struct_passwd) -> None:
    """Give the account read access by an access control list, unless it has it."""
    about = path.stat()
    groups = os.getgrouplist(account.pw_name, account.pw_gid)
    if account.pw_uid == about.st_uid:
        allowed = about.st_mode & stat.S_IRUSR
    elif about.st_gid in groups:
        allowed = about.st_mode & stat.S_IRGRP
    else:
        allowed = about.st_mode & stat.S_IROTH
    if allowed or account.pw_uid == 0:
        return
    program = shutil.which("setfacl")
    if program is None:
        raise not_implemented("Access for single accounts needs the program setfacl (Debian: apt install acl)")
    command = [program, "-m", f"user:{account.pw_uid}:r", "--", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ACL_SECONDS)  # noqa: S603
    if done.returncode:
        raise OSError(f"setfacl: {done.stderr.strip()}")
