"""Apache ActiveMQ (Debian's package) as a process of its own, with a configuration of ours on a free port.

Import the fixture in a conftest.py: `from tests.support.activemq import activemq`.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificates
from tests.support.ports import free_port

HOME = Path("/usr/share/activemq")
_START_SECONDS = 60.0
_CONFIGURATION = """<beans xmlns="http://www.springframework.org/schema/beans"
       xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
       xsi:schemaLocation="http://www.springframework.org/schema/beans
         http://www.springframework.org/schema/beans/spring-beans.xsd
         http://activemq.apache.org/schema/core http://activemq.apache.org/schema/core/activemq-core.xsd">
  <broker xmlns="http://activemq.apache.org/schema/core" brokerName="metadata" useJmx="false" schedulerSupport="false"
          dataDirectory="{data}">
    <persistenceAdapter><kahaDB directory="{data}/kahadb"/></persistenceAdapter>
    {context}
    <transportConnectors>
      <transportConnector name="stomp" uri="stomp://127.0.0.1:{port}"/>{connector}
    </transportConnectors>
  </broker>
</beans>
"""
_TLS_CONTEXT = """<sslContext>
      <sslContext keyStore="file:{store}" keyStoreType="PKCS12" keyStorePassword="password"/>
    </sslContext>"""
_TLS_CONNECTOR = '<transportConnector name="stomp+ssl" uri="stomp+ssl://127.0.0.1:{port}"/>'
_OPENED = ("java.security", "java.net", "java.lang", "java.util", "java.util.concurrent", "java.util.concurrent.atomic")


class ActiveMQ:
    """`start`, `stop` and `kill` as often as wanted; port and stored messages stay. With `certificates` there is a door
    with TLS beside the plain one."""

    def __init__(self, folder: Path, certificates: Certificates | None = None) -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        data = folder / "data"
        data.mkdir(parents=True)
        self._configuration = folder / "activemq.xml"
        context = _TLS_CONTEXT.format(store=certificates.store) if certificates else ""
        connector = _TLS_CONNECTOR.format(port=self.tls_port) if certificates else ""
        text = _CONFIGURATION.format(data=data, port=self.port, context=context, connector=connector)
        self._configuration.write_text(text, encoding="utf-8")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> ActiveMQ:
        """What `activemq console` does, without its change of user and packaged options. Ready when STOMP answers."""
        opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
        places = [f"-Dactivemq.{name}={self.folder}" for name in ("base", "conf", "data")]
        command = ["java", "-Xmx192m", "-XX:TieredStopAtLevel=1", *opens, f"-Dactivemq.home={HOME}", *places, "-jar"]
        command += [str(HOME / "bin" / "activemq.jar"), "start", f"xbean:file:{self._configuration}"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                raise AssertionError(f"ActiveMQ did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.1)
        return self

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as client:
                client.sendall(b"CONNECT\naccept-version:1.1\nhost:\n\n\0")
                return re.match(rb"\s*CONNECTED", client.recv(1000)) is not None
        except OSError:
            return False

    def stop(self) -> None:
        self._end(kill=False)

    def kill(self) -> None:
        self._end(kill=True)

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(30)


@pytest.fixture(scope="session")
def activemq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActiveMQ]:
    """A running broker, shared: use queues or messages of your own, or one of your own for restarts. Skips where
    ActiveMQ is not installed."""
    if not installed():
        pytest.skip("Apache ActiveMQ is not installed (Debian: apt install activemq)")
    broker = ActiveMQ(tmp_path_factory.mktemp("activemq")).start()
    yield broker
    broker.stop()


def installed() -> bool:
    return (HOME / "bin" / "activemq.jar").exists() and shutil.which("java") is not None
