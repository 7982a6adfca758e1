"""`drac demo`: the whole main job from one command."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from werkzeug.security import generate_password_hash

from drac_plugins.demo import facility
from drac_plugins.demo.configuration import Places, write_settings
from drac_plugins.demo.processes import Processes, ProcessFailed, answers, choose_ports, listens
from drac_plugins.demo.verify import API_KEY, Visitor, registered, verify
from icat_schema.gateway import Catalogue, GatewaySettings

DATASETS = 64
"""How many datasets the producer announces."""

REGISTRATION_TIMEOUT_SECONDS = 600.0


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port of the facade and its pages.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for sample data (visitor/) and databases (var/). Default: a temporary one, removed at the end.",
)
@click.option("--no-wait", is_flag=True, help="Set up, check and stop instead of serving.")
@click.option("--catalogue-port", default=8181, show_default=True, help="Port of the embedded ICAT; 0: any free one.")
@click.option("--stomp-port", default=61613, show_default=True, help="Port of the STOMP listener; 0: any free one.")
@click.option("--monitor-port", default=8778, show_default=True, help="Port of the health monitor; 0: any free one.")
def demo(port: int, data: Path | None, no_wait: bool, catalogue_port: int, stomp_port: int, monitor_port: int) -> None:
    """Run a small facility: an ICAT, the ingester, the facade, and a producer that announces real files.

    Needs nothing but Python. Serves at http://127.0.0.1:PORT until Ctrl-C, which stops everything it started.
    """
    with _ctrl_c() as interrupted, _data_folder(data) as folder:
        ports = choose_ports(
            {
                "--port": port,
                "--catalogue-port": catalogue_port,
                "--stomp-port": stomp_port,
                "--monitor-port": monitor_port,
            }
        )
        places = Places(folder, folder / "var", *ports.values())
        write_settings(places)
        with Processes(places.state / "logs", {"DRAC_CONFIG": str(places.settings_file)}) as processes:
            _run(places, processes)
            _say_how_to_use(places)
            while not no_wait and not interrupted.wait(1.0):
                processes.check()


def _run(places: Places, processes: Processes) -> None:
    """Start the processes in order, announce the sample data, wait until they are registered, and check."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<42}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        steps = progress.add_task("Starting the embedded ICAT", total=7)

        def step(text: str) -> None:
            progress.update(steps, advance=1, description=text)

        start_catalogue(places, processes)
        step("Setting up the facility")
        _set_up_facility(places)
        step("Creating parameter types")
        _prepare(places)
        step("Starting the ingester")
        processes.start("ingester", ["ingest.main"], lambda: listens(places.stomp_port))
        step("Starting the facade")
        processes.start("facade", ["drac_plugins.cli", "serve"], lambda: answers(f"{places.url}/health"))
        step("Registering the sample data")
        _announce(places, processes, progress)
        step("Checking as the users would")
        verify(places.url)
        step("Ready")


def start_catalogue(places: Places, processes: Processes, *options: str) -> None:
    """The embedded ICAT with the demonstration's accounts: a file with a line `name:hash` each. `options` go to
    `serve`."""
    users = places.state / "catalogue-users"
    names = [user["name"] for user in facility.document()["users"]]
    users.write_text("".join(f"{name}:{generate_password_hash(name)}\n" for name in names), encoding="utf-8")
    users.chmod(0o600)
    store = ["--database", places.catalogue_database, "--users", str(users)]
    serve = [
        "icat_schema.server",
        "serve",
        *store,
        "--port",
        str(places.catalogue_port),
        "--zone",
        "Europe/Paris",
        "--data",
        f"/data/visitor={places.data / 'visitor'}",
        "--uploads",
        str(places.state / "uploads"),
        *options,
    ]
    processes.start("catalogue", serve, lambda: answers(f"{places.catalogue_url}/icat/version"))


def _set_up_facility(places: Places) -> None:
    catalogue = Catalogue(GatewaySettings(url=places.catalogue_url))
    root = catalogue.login("simple", {"username": "root", "password": "root"})
    facility.set_up(root)
    root.logout()
    catalogue.close()


def _prepare(places: Places) -> None:
    _call([sys.executable, "-m", "drac_plugins.cli", "--config", str(places.settings_file), "ingest", "prepare"])


def _announce(places: Places, processes: Processes, progress: Progress) -> None:
    """Run the producer and follow what arrives in the catalogue until everything is there with its files."""
    bar = progress.add_task("  announced", total=DATASETS)
    seen = progress.add_task("  registered with files", total=DATASETS)
    command = [sys.executable, "-m", "drac_plugins.demo.producer"]
    arguments = ["--broker", f"127.0.0.1:{places.stomp_port}", "--data", str(places.data)]
    failures: list[str] = []
    producer = threading.Thread(target=_follow, args=([*command, *arguments], progress, bar, failures))
    producer.start()
    sessions = list(Visitor.log_in(places.url, "root").investigations().values())
    limit = time.monotonic() + REGISTRATION_TIMEOUT_SECONDS
    complete = 0
    while complete < DATASETS:
        processes.check()
        found, complete = registered(places.url, sessions)
        progress.update(seen, completed=complete)
        if failures:
            raise ProcessFailed(failures[0])
        if time.monotonic() > limit:
            raise ProcessFailed(
                f"only {found} of {DATASETS} datasets were registered ({complete} with their files); "
                f"see: drac --config {places.settings_file} ingest quarantine list"
            )
        time.sleep(0.3)
    producer.join()


def _follow(command: list[str], progress: Progress, bar: TaskID, failures: list[str]) -> None:
    """Run the producer; move the bar with every dataset that it announces."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if json.loads(line)["kind"] != "session":
                progress.update(bar, advance=1)
        errors = process.stderr.read()
    if process.returncode:
        failures.append(f"the producer ended with status {process.returncode}\n{errors[-2000:]}")


_TEXT = """
drac-plugins is serving at {url}

  pages      {url}/portal/       log in as ada, bo, cy, dee or root; the password is the name
  API        {url}/api-docs/     (ICAT+), description at {url}/swagger.json
  ICAT       {catalogue}     SOAP and REST, authenticator simple; the files at {catalogue}/ids (IDS)
  STOMP      {broker}           for pyicat-plus
  API key    {key}
  data       {data}/visitor
  settings   {settings}     (drac --config FILE ingest quarantine list)

Try:
  curl '{url}/dataacquisition/{key}/investigation?instrumentName=ID30A-1'
  {python} -c "from icat.client import Client; c = Client('{catalogue}'); \\
    c.login('simple', dict(username='ada', password='ada')); print(c.search('SELECT d.name FROM Dataset d'))"
"""


def _say_how_to_use(places: Places) -> None:
    text = _TEXT.format(
        url=places.url,
        catalogue=places.catalogue_url,
        broker=f"127.0.0.1:{places.stomp_port}",
        key=API_KEY,
        data=places.data,
        settings=places.settings_file,
        python=sys.executable,
    )
    click.echo(text)
    sys.stdout.flush()


@contextmanager
def _data_folder(wanted: Path | None) -> Iterator[Path]:
    """The given folder, or a temporary one that is removed at the end."""
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="drac-demo-"))
    try:
        yield folder / "data"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """An event that Ctrl-C or a termination request sets while serving; during set-up they interrupt at once."""
    interrupted = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if not interrupted.is_set():  # a second one must not disturb the stopping
            interrupted.set()
            raise KeyboardInterrupt

    # SIGINT too: a shell that starts us in the background has it ignored
    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield interrupted
    except KeyboardInterrupt:
        click.echo("\nstopping", err=True)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ProcessFailed(f"{' '.join(command[1:5])} ended with status {done.returncode}\n{done.stdout}{done.stderr}")
