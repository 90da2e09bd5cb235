"""The real client against a loopback Materials Project; no test here may show or store the key."""

import functools
import gzip
import importlib
import importlib.util
import os
import subprocess
import sys
import time
import traceback
import warnings
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

HERE = Path(__file__).parent
KEY = "sEcReTkEy0123456789abcdefLICOATx"
SOON_S = 1.0  # longest time of a request under the limits of `soon`
HANG_S = 60.0  # the server's hang and trickle last longer: what ends before was ended by a limit


def _module(name):
    """Load a helper beside this file: with importlib import mode test folders are not on the path."""
    spec = importlib.util.spec_from_file_location(f"licoat_tests_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def faults():
    """Ways to fail, as functions."""
    return _module("mp_server")


@pytest.fixture(scope="session")
def docs():
    """The materials that the server holds."""
    return _module("mp_documents")


@pytest.fixture(scope="session", autouse=True)
def client(tmp_path_factory):
    """Import the real client once: 3-8 s.

    It makes the JSON schema of a model anew for every field name it checks, half a second for each fetch: the schemas,
    which do not change, are kept here. Tests with a process of their own run the client as it is.
    """
    home = tmp_path_factory.mktemp("client-home")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        for name in ("HOME", "MPLCONFIGDIR"):
            patch.setenv(name, str(home))
        warnings.simplefilter("ignore")  # its dependencies deprecate things at import; none of it is ours
        imported = importlib.import_module("mp_api.client")  # a dependency: if it cannot be imported, tests fail
        from pydantic import BaseModel

        made = BaseModel.model_json_schema.__func__
        kept = functools.lru_cache(maxsize=None)(made)
        patch.setattr(
            BaseModel,
            "model_json_schema",
            classmethod(lambda model, *args, **options: (made if args or options else kept)(model, *args, **options)),
        )
        yield imported


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    """A home, a data folder and an environment of the test's own; the current folder is empty."""
    for name in ("MP_API_KEY", "PMG_MAPI_KEY", "MAPI_KEY", "MP_API_ENDPOINT", "LICOAT_OFFLINE", "PMG_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in [n for n in os.environ if n.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / ".local"))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "home" / "mpl"))
    monkeypatch.setenv("LICOAT_DATA", str(tmp_path / "data"))
    for name in ("home", "cwd"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return tmp_path


@pytest.fixture
def seen():
    """All texts a user of this test has met: captured output, errors, tracebacks."""
    return []


@pytest.fixture(autouse=True)
def no_leak(seen, surroundings, capfd, caplog):
    """Look for the key in everything that a test printed, raised, logged or wrote."""
    caplog.set_level("DEBUG")
    yield
    seen += [*capfd.readouterr(), caplog.text]
    assert not [text for text in seen if KEY in text]
    assert not [path for path in surroundings.rglob("*") if KEY in str(path) or (path.is_file() and _holds_key(path))]


def _holds_key(path):
    content = path.read_bytes()
    texts = [content]
    with suppress(OSError, EOFError, ValueError, zlib.error):  # some tests damage files: those are searched as they are
        if path.suffix == ".gz":
            texts.append(gzip.decompress(content))
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            texts.append(f"{table.to_pylist()} {table.schema.metadata}".encode())
    return any(KEY.encode() in text for text in texts)


@pytest.fixture
def serve(faults, docs):
    """Start a server: `with serve() as server`. Its documents are those of Li-Sb-O and Li-Zn-O."""

    def start(*, spell=None, materials=None, **options):
        spell = spell or docs.alpha_id
        materials = docs.MATERIALS if materials is None else materials
        documents = {
            faults.SUMMARY: [docs.summary_document(m, spell) for m in materials],
            faults.THERMO: [d for m in materials for d in docs.thermo_documents(m, spell)],
        }
        return faults.MPServer(documents, KEY, id_number=docs.id_number, db_version=docs.DATABASE, **options)

    return start


@pytest.fixture
def server(serve):
    with serve() as running:
        yield running


@pytest.fixture
def limits():
    """Make limits without waits that only a service needs; what is to end soon is given by the test."""
    from licoat.structures.materials_project.session import Limits

    def make(**changes):
        quick = {"connect_s": 5.0, "read_s": 10.0, "total_s": 20.0, "backoff_s": 0.01, "pace_s": 0.0, "lock_s": 20.0}
        return Limits(**quick | changes)

    return make


@pytest.fixture
def soon(limits):
    """Make limits under which a fetch from a service that does not answer ends soon."""
    return lambda **changes: limits(**{"connect_s": 1.0, "read_s": 0.5, "total_s": SOON_S} | changes)


@pytest.fixture
def patience(limits, soon):
    """Make the limits for a fault by its name: short only for those that nothing but time ends."""
    return lambda name: soon() if name in {"hang", "trickle"} else limits()


@pytest.fixture
def fetch(seen, limits, tmp_path):
    """Fetch into a folder of this test; what is raised is kept for the search for the key."""
    from licoat.structures.materials_project.fetch import fetch_snapshot

    def call(source, targets=("Sb2O3",), **options):
        options = {"out": tmp_path / "out", "key": KEY, "limits": limits()} | options
        url = source if isinstance(source, str) else source.url
        try:
            return fetch_snapshot(list(targets), endpoint=url, **options)
        except BaseException as error:
            remember(seen, error)
            raise

    return call


def remember(seen, error):
    """Keep all that an exception can show: the printed traceback, and every exception of its chain."""
    seen += traceback.format_exception(error)
    chain = [error]
    for one in chain:
        chain += [e for e in (one.__cause__, one.__context__) if e is not None and e not in chain]
        seen += [str(one), repr(one), str(one.__dict__)]


@pytest.fixture
def keep(seen):
    """Keep an exception for the search for the key."""
    return lambda error: remember(seen, error)


class Clock:
    """Time of a session that passes only where the session waits by itself: a busy machine changes nothing."""

    def __init__(self):
        self.waits = []

    def monotonic(self):
        return sum(self.waits)

    def sleep(self, seconds):
        self.waits.append(seconds)


@pytest.fixture
def clock(monkeypatch):
    """Replace the clock of the guarded session; `clock.monotonic()` is how long it has waited."""
    made = Clock()
    monkeypatch.setattr("licoat.structures.materials_project.session.time", made)
    return made


@pytest.fixture
def ends():
    """Assert that a block is ended by a limit, not by the server, whatever the speed of the machine."""

    @contextmanager
    def watch():
        start = time.monotonic()
        yield
        assert time.monotonic() - start < HANG_S

    return watch


@pytest.fixture
def load(tmp_path):
    """Read the snapshot a test fetched."""
    from licoat.structures.materials_project.snapshots import load_materials_project

    return lambda path=None: load_materials_project(path or tmp_path / "out")


@pytest.fixture
def cli(capfd, seen, monkeypatch):
    """Run the command line in this process: exit status, standard output, standard error."""
    from licoat.workflows.cli import main

    def start(*arguments, server=None, key=KEY):
        if server is not None:
            monkeypatch.setenv("MP_API_ENDPOINT", server if isinstance(server, str) else server.url)
        if key is not None:
            monkeypatch.setenv("MP_API_KEY", key)
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:  # argparse leaves this way
            code = stop.code
        captured = capfd.readouterr()
        seen.extend(captured)
        return code, captured.out, captured.err

    return start


@pytest.fixture
def process(seen, monkeypatch):
    """Run Python in a process of its own, started and not waited for, or waited for."""
    started = []

    def start(code, *arguments, wait=True, **environment):
        monkeypatch.setenv("MP_API_KEY", KEY)
        running = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        started.append(running)
        return finish(running) if wait else running

    def finish(running):
        out, err = running.communicate(timeout=60)
        seen.extend((out, err))
        return running.returncode, out, err

    start.finish = finish
    yield start
    for running in started:
        if running.poll() is None:
            running.kill()
            running.communicate(timeout=10)
