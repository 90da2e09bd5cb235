"""Calculations as plain tasks: what a worker gets, does and gives back, and how many of them are run.

A worker writes its record itself, so that what it finished is there also when whoever sent it was killed.
"""

import contextlib
import ctypes
import json
import math
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from licoat.structures.crystals.calculator_spec import CalculatorSpec, silence
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.relaxation import RelaxationSettings, single_point
from licoat.structures.errors import CalculatorError, InputFileError, LicoatError
from licoat.structures.rendering import brief
from licoat.workflows.calculations.engines import EngineError
from licoat.workflows.calculations.store import FAILED, OK, Records, Store, content_key

if TYPE_CHECKING:
    from licoat.structures.crystals.elasticity import ElasticSettings

    Settings: TypeAlias = "RelaxationSettings | ElasticSettings | SinglePointSettings"

__all__ = ["OpenEngine", "Progress", "Run", "SinglePointSettings", "Task", "run_task", "run_tasks"]

OpenEngine = Callable[[], AbstractContextManager[Executor]]
Progress = Callable[[str, int, int, int], None]
Run = Callable[[Iterable["Task"], str], Records]
"""Runs tasks, which are told of as the text says: `run_tasks` with store, engine and options given."""
Done = Callable[[dict[str, Any]], None]

MOST_TRIES = 3
"""Times that an item may lose its worker before it counts as failed."""

_ONE_AT_A_TIME = threading.Lock()
"""Threads of one process share the calculator, which keeps the atoms it has computed last."""
_LOST_ONE = {"WorkerLost", "ManagerLost", "KilledWorker"}
"""Errors of Parsl and Dask, by name: a worker is gone with its item, the others go on."""
_MOST_BREAKS = 10
"""Times in a row that all workers may die before any has finished anything: they cannot even start."""


@dataclass(frozen=True, slots=True)
class SinglePointSettings:
    """A single point has none."""


@dataclass(frozen=True, slots=True)
class Task:
    """One calculation.

    Attributes
    ----------
    name : str
        For people; not part of the key.
    crystal : Crystal
        Start structure.
    calculator : CalculatorSpec
        What computes it.
    settings : RelaxationSettings, ElasticSettings or SinglePointSettings
        What is computed, and how.
    key : str
        See `licoat.workflows.calculations.store.content_key`.
    """

    name: str
    crystal: Crystal
    calculator: CalculatorSpec
    settings: "Settings"
    key: str

    def __repr__(self) -> str:
        what = f"{_kind(self.settings)} {self.crystal.formula} with {self.calculator.name}"
        return brief(self, f"{self.name}: {what}, key {self.key[:12]}")

    @classmethod
    def of(cls, name: str, crystal: Crystal, calculator: CalculatorSpec, settings: "Settings") -> "Task":
        """Make a task and compute its key.

        Raises
        ------
        CalculatorError
            If the calculator's package or weights are missing, or JSON cannot hold its arguments.
        """
        key = content_key(_kind(settings), crystal, calculator.settings(), asdict(settings))
        return cls(name, crystal, calculator, settings, key)


def _kind(settings: "Settings") -> str:
    if isinstance(settings, SinglePointSettings):
        return "single point"
    return "relax" if isinstance(settings, RelaxationSettings) else "elastic"


def run_task(task: Task, folder: str) -> dict[str, Any]:
    """Do one calculation and write its record.

    Parameters
    ----------
    task : Task
    folder : str
        Of the store; workers on other machines must see it too.

    Returns
    -------
    dict
        The record: ``key``, ``name``, ``kind``, ``status``, ``reason``, ``result``, ``seconds``.

    Raises
    ------
    CalculatorError
        If the calculator cannot be made here: the item is not to blame, so nothing is recorded.
    OSError
        If the record cannot be written.
    """
    store = Store(folder)
    with _ONE_AT_A_TIME:
        found = store.get(task.key)
        if found is not None and found["status"] == OK:
            return found  # another worker was faster
        with silence(), _no_output():
            calculator = task.calculator.make()
            started = time.perf_counter()
            try:
                result, reason = _calculate(task, calculator)
                json.dumps(result, allow_nan=False)
            except LicoatError as error:
                result, reason = {}, str(error) or type(error).__name__
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a calculator raises what it likes
                text = " ".join(str(error).split())[:300]
                result, reason = {}, f"the calculator failed: {type(error).__name__}{text and ': '}{text}"
        return _keep(store, _record(task, result, reason, time.perf_counter() - started))


@contextlib.contextmanager
def _no_output() -> Iterator[None]:
    """Keep standard output to ourselves: programs and compiled code that a calculator calls write past Python."""
    try:
        kept = os.dup(1)
    except OSError:  # there is none
        yield
        return
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        with contextlib.suppress(Exception):  # what C libraries still hold back must not come later
            ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


def _keep(store: Store, record: dict[str, Any]) -> dict[str, Any]:
    """Write a record, unless it is a failure of what somebody else has done meanwhile; return the one that counts."""
    if record["status"] == FAILED:
        found = store.get(record["key"])
        if found is not None and found["status"] == OK:
            return found
    store.put(record)
    return record


def _record(task: Task, result: dict[str, Any], reason: str, seconds: float) -> dict[str, Any]:
    return {
        "key": task.key,
        "name": task.name,
        "kind": _kind(task.settings),
        "status": FAILED if reason else OK,
        "reason": reason,
        "calculator": task.calculator.settings(),
        "settings": asdict(task.settings),
        "structure": task.crystal.to_dict(),
        "result": result,
        "seconds": round(seconds, 3),
    }


def _calculate(task: Task, calculator: Any) -> tuple[dict[str, Any], str]:  # noqa: ANN401 - any ASE calculator
    """Return the result and, if it must not be used, the reason."""
    if isinstance(task.settings, SinglePointSettings):
        point = single_point(task.crystal, calculator)
        return point.to_dict(), "" if math.isfinite(point.energy_ev_per_atom) else "the energy is no number"
    if isinstance(task.settings, RelaxationSettings):
        from licoat.structures.crystals.relaxation import relax

        relaxed = relax(task.crystal, calculator, task.settings)
        if not math.isfinite(relaxed.energy_ev_per_atom):
            return {}, relaxed.reason or "the energy is no number"
        return relaxed.to_dict(), relaxed.reason
    from licoat.structures.crystals.elasticity import elastic_constants

    constants = elastic_constants(task.crystal.to_atoms(), calculator, task.settings)
    return constants.to_dict(), constants.reason


def run_tasks(
    tasks: Iterable[Task],
    kind: str = "calculating",
    *,
    store: Store,
    open_engine: OpenEngine,
    window: int = 8,
    retry_failed: bool = False,
    progress: Progress | None = None,
    deadline: float = math.inf,
) -> Records:
    """Run all tasks that the store does not hold, on any executor.

    Parameters
    ----------
    tasks : iterable of Task
        Those of equal key are one.
    kind : str
        What the tasks are called in the progress.
    store : Store
        Where records are and go.
    open_engine : callable
        Returns a context manager that gives a `concurrent.futures.Executor`; called again if its workers died.
    window : int
        Tasks that are sent out at a time: at least the number of workers, few enough to bound memory.
    retry_failed : bool
        Compute again what failed before.
    progress : callable, optional
        Called with the kind and the numbers of tasks done, failed among them, and all.
    deadline : float
        By `time.monotonic`: from then on no task is sent out, and those that are running are waited for.

    Returns
    -------
    Records
        Record of every task by key, with a deadline of those that were run; they stay in the store until they are
        asked for.

    Raises
    ------
    InputFileError
        If the window has no place.
    CalculatorError
        If the calculator cannot be made.
    EngineError
        If the engine does not work; what is finished is kept.
    OSError
        If a record cannot be written.

    Notes
    -----
    A worker that dies (of memory, mostly) takes along items that are not to blame. Those that were lost with it are
    set aside and, when all others are done, run one at a time; who then still loses its worker has failed.
    """
    if window < 1:
        raise InputFileError(f"window of {window} calculations: expected a whole number from 1")
    unique = {task.key: task for task in tasks}
    status: dict[str, str] = {}
    for key in unique:
        found = store.get(key)
        if found is not None and (found["status"] == OK or not retry_failed):
            status[key] = found["status"]
    failed = sum(state == FAILED for state in status.values())

    def done(record: dict[str, Any]) -> None:
        nonlocal failed
        here = store.get(record["key"])
        if here is None or (here["status"], here["reason"]) != (record["status"], record["reason"]):
            record = _keep(store, record)  # the worker's disk is not ours
        status[record["key"]] = record["status"]
        failed += record["status"] == FAILED
        if progress is not None:
            progress(kind, len(status), failed, len(unique))

    queue = _Queue(deque(task for key, task in unique.items() if key not in status), window, deadline)
    breaks = 0
    while queue:
        alone = not queue.waiting
        with open_engine() as executor:
            finished = _run_until_broken(executor, queue, str(store.folder), done)
        breaks = 0 if finished or alone else breaks + 1
        if breaks >= _MOST_BREAKS:
            raise EngineError(
                f"all workers died {breaks} times in a row and finished nothing: can they start? "
                "(a script that starts worker processes needs `if __name__ == '__main__':`)"
            )
    return Records(store, [key for key in unique if key in status])


class _Queue:
    """Tasks in the order in which they are sent out: at last, alone, those that were lost with a worker."""

    def __init__(self, waiting: deque[Task], window: int, deadline: float) -> None:
        self.waiting, self.window, self._deadline = waiting, window, deadline
        self._suspects: deque[Task] = deque()
        self._losses: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self.waiting or self._suspects) and time.monotonic() < self._deadline

    def take(self, running: int) -> Task | None:
        """Return the next task, None if none is to be sent out while so many are running, or any more."""
        if not self:
            return None
        if self.waiting:
            return self.waiting.popleft() if running < self.window else None
        return self._suspects.popleft() if self._suspects and not running else None

    def lose(self, task: Task, done: Done) -> None:
        """Set a task aside that was lost with its worker, or give it up."""
        self._losses[task.key] += 1
        if self._losses[task.key] < MOST_TRIES:
            self._suspects.append(task)
        else:
            done(_record(task, {}, f"its worker died {MOST_TRIES} times (out of memory?)", 0.0))


def _run_until_broken(executor: Executor, queue: _Queue, folder: str, done: Done) -> int:
    """Run tasks until none is left or the executor is broken; return the number finished."""
    running: dict[Future[dict[str, Any]], Task] = {}
    finished, broken = 0, False
    while running or (queue and not broken):
        while not broken and (task := queue.take(len(running))) is not None:
            try:
                future = executor.submit(run_task, task, folder)
            except BrokenExecutor:
                queue.lose(task, done)
                broken = True
            except Exception as refused:
                raise _engine_error(refused) from refused
            else:
                running[future] = task
                if future.done():
                    break  # an executor that computes in this process: tell of it now
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task = running.pop(future)
            error = None if future.cancelled() else future.exception()
            if isinstance(error, BrokenExecutor) or type(error).__name__ in _LOST_ONE:
                queue.lose(task, done)
                broken |= isinstance(error, BrokenExecutor)
            elif error is not None or future.cancelled():
                raise _engine_error(error) from error
            else:
                finished += 1
                done(future.result())
    return finished


def _engine_error(error: BaseException | None) -> BaseException:
    """Return what is raised for an error that no item is to blame for."""
    if isinstance(error, (OSError, CalculatorError, InputFileError)) or not isinstance(error, Exception | None):
        return error
    what = "it cancelled a calculation" if error is None else f"{type(error).__name__}: {error}"
    return EngineError(f"the engine failed: {' '.join(what.split())[:500]}")
