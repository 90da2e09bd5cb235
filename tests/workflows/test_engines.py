"""Builds that are killed, interrupted and resumed on every engine; each in a session of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from importlib.util import find_spec
from pathlib import Path

import pytest

from licoat.structures.errors import InputFileError
from licoat.workflows.calculations.engines import SerialExecutor, open_engine

pytestmark = pytest.mark.slow
DOCS = Path(__file__).parents[2] / "docs" / "parsl"
LINUX = Path("/proc/self/environ").exists()
COMMAND = "from licoat.workflows.cli import main; raise SystemExit(main())"
KEY_LENGTH = 64
PATIENCE_S = 300.0  # for what must happen: a busy machine makes a test slow, never wrong
A = {"Al": 4.05, "Cu": 3.6, "Ag": 4.06, "Au": 4.06, "Ni": 3.48, "Pd": 3.9, "Pt": 3.92}

# EMT that tells of every call (process and formula), and waits, fails or dies where it is told to. A call that is held
# (formula in HELD, with ~ if its cell is displaced) lasts until the file GATE is there, and so a build with held items
# is unfinished however fast or slow the machine is.
SLOW_EMT = """
import os, time
from ase.calculators.emt import EMT

class Slow(EMT):
    def calculate(self, atoms=None, properties=("energy",), system_changes=("positions",)):
        formula = atoms.get_chemical_formula()
        with open(os.environ["SLOW_LOG"], "a") as stream:
            stream.write(f"{os.getpid()} {formula}\\n")
        edges = atoms.cell.lengths()
        name = formula + "~" if max(edges) - min(edges) > 1e-3 * max(edges) else formula  # all cells here begin cubic
        while name in os.environ.get("HELD", "").split() and not os.path.exists(os.environ["GATE"]):
            time.sleep(0.01)
        if formula in os.environ.get("DEADLY", "").split():
            os._exit(1)
        if formula in os.environ.get("WRONG", "").split():
            raise ZeroDivisionError("one\\nthing")
        super().calculate(atoms, properties, system_changes)
"""


def needs(engine):
    """Skip where the engine's package is not installed."""
    package = {"parsl": "parsl", "dask": "distributed"}.get(engine)
    if package is not None and find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install 'licoat[hpc]'")


def cell(name, lattice, species, sites):
    structure = {"lattice": lattice, "species": species, "frac_coords": sites}
    return {"id": name, "structure": structure, "known": True}  # relaxed once


def fcc(element):
    h = 0.51 * A[element]
    return cell(element, [[0, h, h], [h, 0, h], [h, h, 0]], [element], [[0, 0, 0]])


def caesium_chloride(one, other):
    a = (A[one] + A[other]) / 2.52
    return cell(one + other, [[a, 0, 0], [0, a, 0], [0, 0, a]], [one, other], [[0, 0, 0], [0.5, 0.5, 0.5]])


def gold_cu3(most, other):
    a = (3 * A[most] + A[other]) / 4
    sites = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
    return cell(f"{most}3{other}", [[a, 0, 0], [0, a, 0], [0, 0, a]], [other, most, most, most], sites)


SEEDS = [
    *map(fcc, A),
    caesium_chloride("Cu", "Au"),
    caesium_chloride("Ni", "Al"),
    caesium_chloride("Ag", "Pd"),
    gold_cu3("Cu", "Au"),
    gold_cu3("Ni", "Al"),
]


FREE = 5
"""So many of the seeds are not held, more than are waited for; the others are."""


class Workplace:
    """A folder with seeds, a slow calculator, its log, and builds."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "modules").mkdir()
        (folder / "modules" / "slowemt.py").write_text(SLOW_EMT)
        # EMT needs no torch, whose import is most of the start of a worker where it is installed.
        (folder / "modules" / "torch.py").write_text("raise ImportError('not here')\n")
        (folder / "slow.toml").write_text('[calculator]\nfactory = "slowemt:Slow"\nlabel = "emt"\n')
        (folder / "seeds.json").write_text(json.dumps(SEEDS))
        self.log = folder / "log"
        self.log.touch()
        self.gate = folder / "gate"
        self.mark = uuid.uuid4().hex
        self.started = []

    def environment(self, **further):
        modules = os.pathsep.join([str(self.folder / "modules"), os.environ.get("PYTHONPATH", "")])
        own = {"PYTHONPATH": modules, "SLOW_LOG": str(self.log), "WORKPLACE": self.mark, "OMP_NUM_THREADS": "1"}
        own["GATE"] = str(self.gate)
        own["TMPDIR"] = str(self.folder)  # a killed Parsl leaves its logs
        return os.environ | own | further

    def start(self, *options, code=COMMAND, **environment):
        with (self.folder / "out.txt").open("ab") as out, (self.folder / "err.txt").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-c", code, *map(str, options)],
                cwd=self.folder,
                env=self.environment(**environment),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        process.stdin.close()
        self.started.append(process)
        return process

    def begin(self, *options, seeds="seeds.json", out="out", **environment):
        base = ("data", "build", "--seeds", seeds, "--calculator", "slow.toml", "--out", out)
        return self.start(*base, *options, **environment)

    def build(self, *options, **environment):
        process = self.begin(*options, **environment)
        return process.wait(PATIENCE_S), self.errors()

    def errors(self):
        return (self.folder / "err.txt").read_text()

    def calls(self):
        return [tuple(line.split()) for line in self.log.read_text().splitlines()]

    def at_gate(self):
        """Processes whose latest call is one of the held ones: they do nothing but wait."""
        latest = dict(self.calls())
        return [int(pid) for pid, formula in latest.items() if formula in held().split()]

    def records(self, out="out"):
        """Bytes of the finished records by name; what is half written is not named by the key alone."""
        found = {}
        for path in (self.folder / out / "store" / "records").glob("*/*.json"):
            if len(path.stem) != KEY_LENGTH:
                continue
            text = path.read_bytes()
            found[json.loads(text)["name"]] = text
        return found

    def tables(self, out="out"):
        names = ("relaxed.json.gz", "phases.parquet", "phases.manifest.json", "failures.csv")
        return {name: (self.folder / out / name).read_bytes() for name in names}

    def processes(self):
        """Every living process that was started from here, whoever its parent is now."""
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, IndexError):
                if folder.name.isdecimal() and f"WORKPLACE={self.mark}".encode() in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def close(self):
        for process in self.started:
            process.kill()
            process.wait()
        for pid in self.processes() if LINUX else ():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


@pytest.fixture
def workplace(tmp_path):
    place = Workplace(tmp_path)
    yield place
    place.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Files of a build that nothing happened to."""
    place = Workplace(tmp_path_factory.mktemp("undisturbed"))
    assert place.build() == (0, "")
    assert len(place.records()) == len(SEEDS)
    yield place.tables()
    place.close()


def formula_of(structure):
    """Return the formula as ASE writes it."""
    from ase import Atoms

    return Atoms(structure["species"]).get_chemical_formula()


def formulas(records):
    return {formula_of(json.loads(text)["structure"]) for text in records.values()}


def held():
    """Formulas of the later seeds, for HELD."""
    return " ".join(formula_of(seed["structure"]) for seed in SEEDS[FREE:])


def options(engine):
    return ("--engine", engine, *(() if engine == "serial" else ("--workers", 2)))


linux = pytest.mark.skipif(not LINUX, reason="finds processes through /proc")


@linux
@pytest.mark.parametrize("engine", ["serial", "processes", "parsl", "dask"])
def test_killed_build_is_resumed(workplace, undisturbed, engine):
    needs(engine)
    process = workplace.begin(*options(engine), HELD=held())
    wait_for(lambda: len(workplace.records()) >= 3 or process.poll() is not None, "nothing gets finished")
    process.kill()
    process.wait()
    wait_for(lambda: not workplace.processes(), f"orphans: {workplace.processes()}")
    finished, calls = workplace.records(), len(workplace.calls())
    assert 3 <= len(finished) <= FREE
    resumed = options("serial" if engine == "parsl" else engine)  # any engine goes on with what another one began
    assert workplace.build(*resumed, "--resume") == (0, "")
    after = workplace.records()
    assert {name: after[name] for name in finished} == finished
    again = {formula for _, formula in workplace.calls()[calls:]}
    assert again
    assert not again & formulas(finished)
    assert len(after) == len(SEEDS)
    assert workplace.tables() == undisturbed
    wait_for(lambda: not workplace.processes(), f"left: {workplace.processes()}")


@linux
@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_build_killed_between_first_and_second_relaxations_is_resumed(workplace, engine):
    seeds = [fcc(element) | {"known": False} for element in ("Cu", "Ag", "Au", "Pt")]
    (workplace.folder / "unknown.json").write_text(json.dumps(seeds))
    whole = workplace.begin(seeds="unknown.json", out="whole")
    assert (whole.wait(PATIENCE_S), workplace.errors()) == (0, "")
    process = workplace.begin(*options(engine), seeds="unknown.json", HELD="Au~ Pt~")
    wait_for(lambda: len(workplace.records()) > len(seeds) or process.poll() is not None, "nothing gets finished")
    process.kill()
    process.wait()
    wait_for(lambda: not workplace.processes(), f"orphans: {workplace.processes()}")
    finished = workplace.records()
    assert len(seeds) < len(finished) <= len(seeds) + 2
    resumed = workplace.begin(*options(engine), "--resume", seeds="unknown.json")
    assert (resumed.wait(PATIENCE_S), workplace.errors()) == (0, "")
    after = workplace.records()
    assert {name: after[name] for name in finished} == finished
    assert after.keys() == {name for seed in seeds for name in (seed["id"], f"{seed['id']}, displaced")}
    assert workplace.tables() == workplace.tables("whole")


@linux
@pytest.mark.parametrize("engine", ["processes", "parsl", "dask"])
def test_build_goes_on_when_a_worker_is_killed(workplace, undisturbed, engine):
    needs(engine)
    process = workplace.begin(*options(engine), HELD=held())
    wait_for(lambda: len(workplace.records()) >= 2 or process.poll() is not None, "nothing gets finished")
    wait_for(lambda: workplace.at_gate() or process.poll() is not None, "nothing is held")
    calls, victim = workplace.calls(), workplace.at_gate()[0]
    assert victim != process.pid
    os.kill(victim, signal.SIGKILL)
    finished = workplace.records()
    assert 2 <= len(finished) <= FREE
    workplace.gate.touch()
    assert (process.wait(PATIENCE_S), workplace.errors()) == (0, "")
    after = workplace.records()
    assert {name: after[name] for name in finished} == finished
    assert str(victim) not in {pid for pid, _ in workplace.calls()[len(calls) :]}
    assert workplace.tables() == undisturbed
    calls = workplace.calls()
    assert workplace.build("--resume") == (0, "")
    assert workplace.calls() == calls
    wait_for(lambda: not workplace.processes(), f"left: {workplace.processes()}")


@linux
def test_build_goes_on_when_the_pool_of_parsl_has_lost_its_memory(workplace, undisturbed):
    """The process of its queues, without which its threads would wait for ever and say that all is well."""
    needs("parsl")
    process = workplace.begin(*options("parsl"), HELD=held())
    wait_for(lambda: len(workplace.records()) >= 2 or process.poll() is not None, "nothing gets finished")
    wait_for(lambda: len(workplace.at_gate()) == 2 or process.poll() is not None, "both workers are not held")
    (pool,) = (pid for pid, command in workplace.processes().items() if "_worker_pool()" in command)
    workers = {int(pid) for pid, _ in workplace.calls()}
    children = {int(pid) for pid in Path(f"/proc/{pool}/task/{pool}/children").read_text().split()} - workers
    (queues,) = (pid for pid in children if "spawn_main" in workplace.processes()[pid])
    os.kill(queues, signal.SIGKILL)
    workplace.gate.touch()
    assert (process.wait(PATIENCE_S), workplace.errors()) == (0, "")
    assert workplace.tables() == undisturbed
    wait_for(lambda: not workplace.processes(), f"left: {workplace.processes()}")


@linux
@pytest.mark.parametrize("engine", ["serial", "processes", "parsl", "dask"])
def test_interrupted_build_is_resumed(workplace, undisturbed, engine):
    needs(engine)
    process = workplace.begin(*options(engine), HELD=held())
    wait_for(lambda: len(workplace.records()) >= 2 or process.poll() is not None, "nothing gets finished")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: all processes in the foreground get it
    assert process.wait(PATIENCE_S) == 130
    assert workplace.errors() == "licoat: interrupted\n"
    wait_for(lambda: not workplace.processes(), f"left: {workplace.processes()}")
    finished = workplace.records()
    assert 2 <= len(finished) <= FREE
    assert workplace.build("--resume") == (0, "")
    assert workplace.records() | finished == workplace.records()
    assert workplace.tables() == undisturbed


@linux
def test_interrupt_while_workers_start(workplace):
    process = workplace.begin(*options("processes"), HELD=" ".join(A))  # the first items are elements
    wait_for(lambda: len(workplace.processes()) >= 3 or process.poll() is not None, "no workers")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(PATIENCE_S) == 130
    assert workplace.errors() == "licoat: interrupted\n"
    wait_for(lambda: not workplace.processes(), f"left: {workplace.processes()}")


@pytest.mark.parametrize("engine", ["processes", "parsl", "dask"])
def test_item_that_kills_its_workers(workplace, engine):
    needs(engine)
    assert workplace.build(*options(engine), DEADLY="AuCu") == (0, "")
    dead = [formula for _, formula in workplace.calls()].count("AuCu")
    assert dead == 3
    table = (workplace.folder / "out" / "failures.csv").read_text()
    assert table == "phase_id,reason\nCuAu,its worker died 3 times (out of memory?)\n"
    failed = [name for name, text in workplace.records().items() if json.loads(text)["status"] == "failed"]
    assert failed == ["CuAu"]
    assert len(workplace.records()) == len(SEEDS)


def test_failed_items_are_retried_on_request_only(workplace, undisturbed):
    assert workplace.build(WRONG="AuCu AgPd") == (0, "")
    failures = workplace.folder / "out" / "failures.csv"
    lines = [
        "phase_id,reason",
        *(f"{name},the calculator failed: ZeroDivisionError: one thing" for name in ("AgPd", "CuAu")),
    ]
    assert failures.read_text().splitlines() == lines
    calls = len(workplace.calls())
    assert workplace.build("--resume") == (0, "")
    assert len(workplace.calls()) == calls
    assert failures.read_text().splitlines() == lines
    assert workplace.build("--resume", "--retry-failed") == (0, "")
    assert {formula for _, formula in workplace.calls()[calls:]} == {"AuCu", "AgPd"}
    assert workplace.tables() == undisturbed


@pytest.mark.skipif(os.name == "nt", reason="limits of a process")
@pytest.mark.parametrize("engine", ["serial", "processes"])
def test_full_disk(workplace, undisturbed, engine):
    (workplace.folder / "first.json").write_text(json.dumps([fcc("Cu")]))
    assert workplace.build(seeds="first.json") == (0, "")
    finished = workplace.records()
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600)); {COMMAND}"
    base = ("data", "build", "--seeds", "seeds.json", "--calculator", "slow.toml", "--out", "out", "--resume")
    process = workplace.start(*base, *options(engine), code=limited, SLOW_LOG="/dev/null", PYTHONDONTWRITEBYTECODE="1")
    assert process.wait(PATIENCE_S) == 1
    assert workplace.errors().startswith("licoat: [Errno 27] File too large: ")
    assert workplace.errors().count("\n") == 1
    assert workplace.records() == finished
    assert workplace.build("--resume") == (0, "")
    assert workplace.tables() == undisturbed


@pytest.mark.parametrize("way", ["processes", "parsl config", "dask", "dask address"])
def test_table_is_the_same_on_every_engine(workplace, undisturbed, way):
    engine = way.split()[0]
    needs(engine)
    chosen = options(engine)
    if way == "parsl config":
        chosen = ("--engine", "parsl", "--parsl-config", DOCS / "local.py")
    if way == "dask address":
        code = (
            "import sys, distributed\n"
            "if __name__ == '__main__':\n"
            "    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=':0') as cluster:\n"
            "        print(cluster.scheduler_address, file=open('address.part', 'w'), flush=True)\n"
            "        __import__('os').replace('address.part', 'address')\n"
            "        __import__('time').sleep(600)\n"
        )
        workplace.start(code=code)
        address = workplace.folder / "address"
        wait_for(address.exists, "no cluster")
        chosen = ("--engine", "dask", "--dask-address", address.read_text().strip())
    assert workplace.build(*chosen) == (0, "")
    assert workplace.tables() == undisturbed
    assert str(workplace.started[-1].pid) not in {pid for pid, _ in workplace.calls()}


def test_calculator_that_cannot_be_made_stops_the_build(workplace):
    (workplace.folder / "slow.toml").write_text('[calculator]\nfactory = "slowemt:Fast"\nlabel = "emt"\n')
    assert workplace.build() == (2, "licoat: calculator 'slow': slowemt has no 'Fast'\n")
    assert workplace.records() == {}  # no item is to blame


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "no such file"),
        ("config = 1", "found int"),
        ("", "found NoneType"),
        ("1 / 0", "cannot be run (ZeroDivisionError"),
        ("(", "cannot be run (SyntaxError"),
        ("raise SystemExit", "cannot be run (SystemExit"),
    ],
)
def test_wrong_parsl_config(run, tmp_path, text, expected):
    needs("parsl")
    if text is not None:
        (tmp_path / "c.py").write_text(text)
    given = ("--engine", "parsl", "--parsl-config", tmp_path / "c.py")
    status, out, err = run("data", "build", "--seeds", "s.json", "--out", tmp_path / "out", *given)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert f"{tmp_path / 'c.py'}: " in err
    assert expected in err


def test_cluster_that_does_not_answer(workplace):
    needs("dask")
    given = ("--engine", "dask", "--dask-address", "127.0.0.1:1")
    status, err = workplace.build(*given, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="1s")
    assert (status, err.count("\n")) == (1, 1)
    assert "does not answer at 127.0.0.1:1" in err


def test_cluster_without_its_commands(workplace):
    needs("parsl")
    text = (DOCS / "slurm.py").read_text() + "\nconfig.strategy_period = 1\n"
    (workplace.folder / "slurm.py").write_text(text)
    status, err = workplace.build("--engine", "parsl", "--parsl-config", "slurm.py", PATH="/nowhere")
    assert (status, err.count("\n")) == (1, 1)
    assert "sbatch" in err
    assert workplace.records() == {}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("threads", {}, "no engine 'threads'"),
        ("serial", {"workers": 0}, "0 workers"),
        ("processes", {"parsl_config": "c.py"}, "belongs to the engine parsl"),
        ("serial", {"dask_address": "host:1"}, "belongs to the engine dask"),
    ],
)
def test_wrong_choice_of_engine(name, given, expected):
    with pytest.raises(InputFileError, match=expected):
        open_engine(name, **given)


@pytest.mark.parametrize(("engine", "package"), [("parsl", "parsl"), ("dask", "distributed")])
def test_missing_package_is_named(monkeypatch, engine, package):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InputFileError, match=f"package {package}: pip install 'licoat\\[hpc\\]'"):
        open_engine(engine)


def test_serial_executor_gives_result_or_error():
    executor = SerialExecutor()
    assert executor.submit(divmod, 7, 2).result() == (3, 1)
    assert isinstance(executor.submit(divmod, 7, 0).exception(), ZeroDivisionError)


def test_environment_is_as_before(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with open_engine("processes")():
        assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
    assert dict(os.environ) == before
