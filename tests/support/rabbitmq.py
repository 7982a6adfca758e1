"""RabbitMQ (Debian's package) with its STOMP plugin as a process of its own, on free ports, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.ports import free_port

HOME = Path("/usr/lib/rabbitmq/bin")
_START_SECONDS = 90.0


class RabbitMQ:
    """`start`, `kill` and `stop`; stored messages stay. As producers need it: anonymous, with an empty virtual host."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.port, self._amqp, self._distribution, self._names = (free_port() for _ in range(4))
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self._amqp}\n"
            f"stomp.listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            "stomp.default_user = guest\nstomp.default_pass = guest\nstomp.implicit_connect = false\n"
        )
        (folder / "enabled_plugins").write_text("[rabbitmq_stomp].\n")
        self._environment = {
            **{name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL")},
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"drac{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None
        self._prepared = False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> RabbitMQ:
        with (self.folder / "output").open("ab") as output:
            if self._daemon is None:  # else the node starts one that outlives it
                self._daemon = subprocess.Popen(["epmd"], env=self._environment, stdout=output, stderr=output)
            self._process = subprocess.Popen(
                [_script("rabbitmq-server")],
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )
        end = time.monotonic() + _START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > end:
                text = (self.folder / "output").read_text(errors="replace")
                self.kill()
                raise AssertionError(f"RabbitMQ did not start:\n{text[-3000:]}")
            time.sleep(0.2)
        if not self._prepared:
            self._control("add_vhost", "")
            self._control("set_permissions", "-p", "", "guest", ".*", ".*", ".*")
            self._prepared = True
        return self

    def _control(self, *arguments: str) -> None:
        """Also waits until the node is up."""
        command = [_script("rabbitmqctl"), "-n", self._environment["RABBITMQ_NODENAME"], *arguments]
        subprocess.run(command, env=self._environment, check=True, capture_output=True, timeout=60, cwd=self.folder)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """SIGKILL for the node and everything that it started."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop(self) -> None:
        """Also the daemon of names."""
        self.kill()
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()


def _script(name: str) -> str:
    """Debian's wrappers in /usr/sbin change the user; these are what they call."""
    return str(HOME / name)


def installed() -> bool:
    return (HOME / "rabbitmq-server").exists() and shutil.which("erl") is not None
