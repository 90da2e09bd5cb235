"""`run_tasks` on executors that lose, count and refuse."""

import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest
from ase.calculators import emt

from licoat.structures.crystals.calculators import CALCULATORS
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.elasticity import ElasticSettings
from licoat.structures.crystals.relaxation import RelaxationSettings
from licoat.structures.errors import CalculatorError, InputFileError
from licoat.workflows.calculations import tasks as calculations
from licoat.workflows.calculations.engines import EngineError, SerialExecutor
from licoat.workflows.calculations.store import FAILED, OK, Store
from licoat.workflows.calculations.tasks import MOST_TRIES, Task, run_task, run_tasks

EMT = CALCULATORS["emt"]
LOOSE = RelaxationSettings(fmax_ev_per_a=10.0, smax_gpa=1000.0)


def task(i, spec=EMT, settings=LOOSE):
    a = 1.8 + 1e-3 * i
    cell = Crystal(((0.0, a, a), (a, 0.0, a), (a, a, 0.0)), ("Cu",), ((0.0, 0.0, 0.0),))
    return Task.of(f"t{i}", cell, spec, settings)


def serial():
    return nullcontext(SerialExecutor())


class WorkerLost(Exception):  # noqa: N818 - the name that Parsl gives it
    pass


class Late(Executor):
    """Finishes the oldest task when the next one would be one too many; loses workers as it is told."""

    def __init__(self, *, window=10**6, error=None, deadly=(), opened=None):
        self.error, self.deadly, self.window = error, deadly, window
        self.outstanding, self.most, self.sent = [], 0, []
        self.broken = False
        if opened is not None:
            opened.append(self)

    def submit(self, fn, /, *args):
        if self.broken:
            raise BrokenProcessPool("broken")
        self.outstanding = [f for f in self.outstanding if not f.done()]
        future = _Lazy(self, fn, args)
        self.sent.append(args[0].name)
        self.outstanding.append(future)
        self.most = max(self.most, len(self.outstanding))
        return future

    def fail(self, error):
        if isinstance(error, BrokenProcessPool):
            self.broken = True
            for future in self.outstanding:
                if not future.done():
                    future.set_exception(error)
        else:
            self.outstanding[0].set_exception(error)


class _Lazy(Future):
    """Computes when somebody waits, the oldest one first."""

    def __init__(self, executor, fn, args):
        super().__init__()
        self.executor, self.call = executor, (fn, args)

    def compute(self):
        fn, args = self.call
        if args[0].name in self.executor.deadly:
            self.executor.fail(self.executor.error)
        else:
            self.set_result(fn(*args))


@pytest.fixture(autouse=True)
def waiting(monkeypatch):
    """Let `wait` compute the oldest outstanding task of a `Late` executor."""
    real = calculations.wait

    def wait(futures, return_when):
        lazy = [f for f in futures if isinstance(f, _Lazy) and not f.done()]
        if lazy and len(lazy) == len(futures):
            lazy[0].compute()
        return real(futures, return_when=return_when)

    monkeypatch.setattr(calculations, "wait", wait)


@pytest.mark.parametrize("window", [1, 3])
def test_no_more_than_the_window_is_outstanding(tmp_path, window):
    executor = Late()
    tasks = [task(i) for i in range(10)]
    records = run_tasks(tasks, store=Store(tmp_path), open_engine=lambda: nullcontext(executor), window=window)
    assert executor.most == window
    assert executor.sent == [t.name for t in tasks]
    assert {r["status"] for r in records.values()} == {OK}
    assert list(Store(tmp_path)) == sorted(records.values(), key=lambda r: r["key"])


@pytest.mark.parametrize("error", [BrokenProcessPool("a process died"), WorkerLost("worker 0")])
def test_item_that_loses_its_worker_fails_alone(tmp_path, error):
    tasks, opened = [task(i) for i in range(10)], []
    store = Store(tmp_path)

    @contextmanager
    def engine():
        yield Late(error=error, deadly=("t3",), opened=opened)

    records = run_tasks(tasks, store=store, open_engine=engine, window=4)
    failed = {r["name"]: r["reason"] for r in records.values() if r["status"] == FAILED}
    assert failed == {"t3": f"its worker died {MOST_TRIES} times (out of memory?)"}
    assert store.get(tasks[3].key)["reason"] == failed["t3"]
    sent = [name for executor in opened for name in executor.sent]
    assert sent.count("t3") == MOST_TRIES
    assert max(sent.count(t.name) for t in tasks if t.name != "t3") <= 2
    # A pool that is broken is opened again, one that lost a worker only is not: its place in a queue would be lost.
    assert len(opened) == (MOST_TRIES if isinstance(error, BrokenProcessPool) else 1)
    assert opened[0].most == 4


def test_others_are_not_slowed_down_after_a_loss(tmp_path):
    opened = []

    @contextmanager
    def engine():
        deadly = ("t0",) if not opened else ()
        yield Late(error=BrokenProcessPool("died"), deadly=deadly, opened=opened)

    records = run_tasks([task(i) for i in range(12)], store=Store(tmp_path), open_engine=engine, window=4)
    assert {r["status"] for r in records.values()} == {OK}
    assert opened[1].most == 4


def test_workers_that_cannot_start_are_no_fault_of_the_items(tmp_path):
    tasks = [task(i) for i in range(60)]

    @contextmanager
    def engine():
        yield Late(error=BrokenProcessPool("died"), deadly={t.name for t in tasks})

    with pytest.raises(EngineError, match="__main__"):
        run_tasks(tasks, store=Store(tmp_path), open_engine=engine, window=2)
    assert len(Store(tmp_path)) == 0


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (OSError(28, "No space left on device"), OSError, "No space"),
        (CalculatorError("no GPU here"), CalculatorError, "no GPU"),
        (ModuleNotFoundError("No module named 'licoat'"), EngineError, "ModuleNotFoundError: No module"),
    ],
)
def test_trouble_that_is_not_of_the_item_stops_the_run(tmp_path, error, kind, text):
    executor = Late(error=error, deadly=("t1",))
    with pytest.raises(kind, match=text):
        run_tasks(
            [task(i) for i in range(4)], store=Store(tmp_path), open_engine=lambda: nullcontext(executor), window=1
        )
    assert [r["name"] for r in Store(tmp_path)] == ["t0"]


def test_engine_that_refuses_or_cancels(tmp_path):
    class Refusing(Executor):
        def submit(self, *_):
            raise RuntimeError("shut\ndown")

    class Cancelling(Executor):
        def submit(self, *_):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(EngineError, match="RuntimeError: shut down"):
        run_tasks([task(0)], store=Store(tmp_path), open_engine=lambda: nullcontext(Refusing()))
    with pytest.raises(EngineError, match="cancelled"):
        run_tasks([task(0)], store=Store(tmp_path), open_engine=lambda: nullcontext(Cancelling()))


def test_threads_take_turns_with_the_calculator(tmp_path):
    """It keeps the atoms that it has computed last."""

    class Alone(emt.EMT):
        busy = False

        def calculate(self, *args):
            assert not self.busy, "two at once"
            self.busy = True
            time.sleep(0.005)
            super().calculate(*args)
            self.busy = False

    made = _Made(Alone())
    tasks = [replace(task(i), calculator=made) for i in range(8)]
    records = run_tasks(tasks, store=Store(tmp_path), open_engine=lambda: ThreadPoolExecutor(4), window=8)
    assert {r["reason"] for r in records.values()} == {""}


def test_same_structure_is_computed_once(tmp_path):
    executor = Late()
    one, other = task(0), replace(task(0), name="again")
    records = run_tasks([one, other], store=Store(tmp_path), open_engine=lambda: nullcontext(executor))
    assert (len(executor.sent), len(records)) == (1, 1)


def test_damaged_record_is_computed_again(tmp_path):
    store = Store(tmp_path)
    first = run_tasks([task(0)], store=store, open_engine=serial)
    store.path(task(0).key).write_text("{")
    assert run_tasks([task(0)], store=store, open_engine=serial)[task(0).key]["result"] == first[task(0).key]["result"]
    assert store.get(task(0).key)["status"] == OK


def test_result_of_a_worker_without_our_disk_is_kept(tmp_path):
    """Also in place of an earlier failure."""

    class Elsewhere(Executor):
        def submit(self, fn, /, *args):
            future = Future()
            future.set_result(fn(args[0], str(tmp_path / "there")))
            return future

    store = Store(tmp_path / "here")
    failed = run_task(task(0), str(tmp_path / "scratch")) | {"status": FAILED, "reason": "earlier", "result": {}}
    store.put(failed)
    records = run_tasks([task(0)], store=store, open_engine=lambda: nullcontext(Elsewhere()), retry_failed=True)
    assert records[task(0).key]["status"] == OK
    assert store.get(task(0).key) == records[task(0).key]


def test_failure_does_not_replace_what_another_build_has_done(tmp_path):
    store = Store(tmp_path)

    class Overtaken(emt.EMT):
        def calculate(self, *_):
            store.put(good)
            raise ValueError("too late")

    good = run_task(task(0), str(tmp_path / "scratch"))
    assert run_task(replace(task(0), calculator=_Made(Overtaken())), str(tmp_path)) == good
    assert store.get(task(0).key) == good


class _Made:
    """In place of a description: the calculator itself."""

    def __init__(self, calculator):
        self.calculator = calculator

    def make(self):
        return self.calculator

    def settings(self):
        return {"name": "made"}


class Raising(emt.EMT):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def calculate(self, *_):
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("two\nlines"), "the calculator failed: ValueError: two lines"),
        (MemoryError(), "the calculator failed: MemoryError"),
        (SystemExit(3), "the calculator failed: SystemExit: 3"),
        (OSError("no such file of weights"), "the calculator failed: OSError: no such file of weights"),
        (InputFileError("our own"), "our own"),
    ],
)
def test_whatever_a_calculator_raises_is_the_reason(tmp_path, error, reason):
    record = run_task(replace(task(0), calculator=_Made(Raising(error))), str(tmp_path))
    assert (record["status"], record["reason"].strip(), record["result"]) == (FAILED, reason, {})
    assert Store(tmp_path).get(task(0).key) == record


def test_energy_that_is_no_number(tmp_path):
    class Nan(emt.EMT):
        def calculate(self, *args):
            super().calculate(*args)
            self.results["energy"] = float("nan")

    record = run_task(replace(task(0), calculator=_Made(Nan())), str(tmp_path))
    assert record["status"] == FAILED
    assert "no number" in record["reason"]


def test_progress_counts_done_and_failed(tmp_path):
    store, seen = Store(tmp_path), []
    run_tasks([task(0)], store=store, open_engine=serial)
    bad = replace(task(1), calculator=_Made(Raising(ValueError("x"))))
    run_tasks([task(0), bad, task(2)], store=store, open_engine=serial, progress=lambda *n: seen.append(n[1:]))
    assert seen == [(2, 1, 3), (3, 1, 3)]


def test_failed_is_kept_unless_asked_for(tmp_path):
    store = Store(tmp_path)
    bad = replace(task(0), calculator=_Made(Raising(ValueError("x"))))
    run_tasks([bad], store=store, open_engine=serial)
    assert run_tasks([task(0)], store=store, open_engine=serial)[task(0).key]["status"] == FAILED
    assert run_tasks([task(0)], store=store, open_engine=serial, retry_failed=True)[task(0).key]["status"] == OK


def test_nothing_to_do_opens_no_engine(tmp_path):
    def never():
        raise AssertionError

    run_tasks([task(0)], store=Store(tmp_path), open_engine=serial)
    assert run_tasks([task(0)], store=Store(tmp_path), open_engine=never)[task(0).key]["status"] == OK
    assert run_tasks([], store=Store(tmp_path), open_engine=never) == {}


def test_window_without_a_place(tmp_path):
    with pytest.raises(InputFileError, match="window of 0"):
        run_tasks([task(0)], store=Store(tmp_path), open_engine=serial, window=0)


def test_elastic_constants_have_their_own_key_and_record(tmp_path):
    relaxed = run_task(task(0, settings=RelaxationSettings(fmax_ev_per_a=1e-3, smax_gpa=0.01)), str(tmp_path))
    crystal = Crystal.from_dict(relaxed["result"]["structure"], "relaxed")
    elastic = Task.of("Cu", crystal, EMT, ElasticSettings())
    record = run_tasks([elastic], store=Store(tmp_path), open_engine=serial)[elastic.key]
    assert (record["kind"], record["status"], record["reason"]) == ("elastic", OK, "")
    assert record["result"]["moduli"]["bulk_hill_gpa"] == pytest.approx(134, abs=15)  # EMT's copper; measured 137
