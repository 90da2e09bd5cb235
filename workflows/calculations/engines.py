"""Executors by name: in this process, in worker processes, on a cluster through Parsl, or through Dask.

Every engine is a `concurrent.futures.Executor`; nothing else of it is used, so any other one serves as well.
"""

import contextlib
import multiprocessing
import os
import runpy
import shlex
import shutil
import signal
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from licoat.structures.errors import InputFileError, LicoatError

__all__ = ["ENGINES", "EngineError", "SerialExecutor", "open_engine"]

ENGINES = ("serial", "processes", "parsl", "dask")
_SILENT = 60  # above logging.CRITICAL: a lost worker is dealt with, and told of in the reason of its item
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class EngineError(LicoatError, OSError):
    """An engine does not start, or breaks down; the calculations are not to blame."""


class SerialExecutor(Executor):
    """Runs each call at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        """Run the call; its future is done when this returns."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - belongs to the future
            future.set_exception(error)
        return future


def open_engine(
    name: str = "serial",
    *,
    workers: int = 1,
    parsl_config: str | Path | None = None,
    dask_address: str | None = None,
) -> Callable[[], AbstractContextManager[Executor]]:
    """Return a function that opens an engine, and opens a fresh one when its workers died.

    Parameters
    ----------
    name : {"serial", "processes", "parsl", "dask"}
        Kind of engine.
    workers : int
        Worker processes of ``processes`` and of the local Parsl and Dask clusters.
    parsl_config : Path, optional
        Python file that defines ``config``, a `parsl.Config`; without, processes of this machine through Parsl's
        HighThroughputExecutor.
    dask_address : str, optional
        Of a Dask scheduler; without, a local cluster.

    Returns
    -------
    callable
        Context manager that gives a `concurrent.futures.Executor`.

    Raises
    ------
    InputFileError
        If there is no such engine, its package is missing, or the configuration cannot be used.
    """
    if workers < 1:
        raise InputFileError(f"{workers} workers: expected a whole number from 1")
    if parsl_config is not None and name != "parsl":
        raise InputFileError(f"--parsl-config belongs to the engine parsl, not to {name!r}")
    if dask_address is not None and name != "dask":
        raise InputFileError(f"--dask-address belongs to the engine dask, not to {name!r}")
    if name == "serial":
        return lambda: contextlib.nullcontext(SerialExecutor())
    if name == "processes":
        return lambda: _processes(workers)
    if name == "parsl":
        config = None if parsl_config is None else Path(parsl_config)
        _need("parsl")
        if config is not None:
            _parsl_config(config)
        return lambda: _parsl(config, workers)
    if name == "dask":
        _need("distributed")
        return lambda: _dask(dask_address, workers)
    raise InputFileError(f"no engine {name!r}; choose one of {', '.join(ENGINES)}")


def _need(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise InputFileError(f"this engine needs the package {module}: pip install 'licoat[hpc]'")


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Let processes that are started meanwhile use one thread, and find the programs of this Python first.

    Workers side by side must not share cores; Parsl looks for its own programs on the PATH, which lacks them where
    an environment is used without having been activated.
    """
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)))
    changes = dict.fromkeys(_THREADS, "1") | {"PATH": path}
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _Pool(ProcessPoolExecutor):
    """Starts its workers, which it does when tasks come in, so that an interrupt meanwhile is not theirs."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        with _interrupts_held():
            return super().submit(fn, *args, **kwargs)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold interrupts back until this ends; processes that are started meanwhile hold them back for good."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _processes(workers: int) -> Iterator[Executor]:
    """Worker processes that end with this one, also if it is killed."""
    context = multiprocessing.get_context("spawn")  # a fork copies torch's locks in whatever state they are
    earlier = set(multiprocessing.active_children())
    with _environment():
        executor = _Pool(workers, mp_context=context, initializer=_watch_parent, initargs=(os.getpid(),))
        try:
            yield executor
            executor.shutdown(wait=True)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - earlier:
                process.terminate()  # after an interrupt: nobody waits for the running items, they are done again


def _watch_parent(parent: int, at_last: Callable[[], object] = bool) -> None:
    """End this process when its parent is gone, and leave an interrupt from the keyboard to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        at_last()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _parsl_config(path: Path) -> Any:  # noqa: ANN401 - a parsl.Config
    """Run the configuration file and return its ``config``."""
    import parsl

    if not path.is_file():
        raise InputFileError(f"{path}: no such file; expected a Python file that defines config = parsl.Config(...)")
    try:
        found = runpy.run_path(str(path)).get("config")
    except (Exception, SystemExit) as error:
        raise InputFileError(f"{path}: cannot be run ({type(error).__name__}: {error})") from error
    if not isinstance(found, parsl.Config):
        raise InputFileError(f"{path}: expected config = parsl.Config(...), found {type(found).__name__}")
    return found


@contextlib.contextmanager
def _parsl(path: Path | None, workers: int) -> Iterator[Executor]:
    """Workers of Parsl; its coordinating process ends with this one, and its workers when they miss that."""
    from parsl.concurrent import ParslPoolExecutor

    with _environment(), tempfile.TemporaryDirectory(prefix="licoat-parsl-", ignore_cleanup_errors=True) as logs:
        config = _local_parsl(workers, logs) if path is None else _parsl_config(path)
        for executor in config.executors:
            if getattr(executor, "interchange_launch_cmd", None) == ["interchange.py"]:
                code = f"from {__name__} import _interchange; _interchange({os.getpid()}, {logs!r})"
                executor.interchange_launch_cmd = [sys.executable, "-c", code]
        try:
            pool = ParslPoolExecutor(config)
        except Exception as error:
            raise EngineError(f"Parsl does not start ({type(error).__name__}: {error})") from error
        try:
            yield pool
        finally:
            pool.shutdown(wait=False)  # all is done, or nobody waits for it


def _interchange(parent: int, logs: str) -> None:
    """Run the process between Parsl and its workers; it and the logs would outlive a killed parent for ever."""
    _watch_parent(parent, lambda: shutil.rmtree(logs, ignore_errors=True))
    runpy.run_module("parsl.executors.high_throughput.interchange", run_name="__main__", alter_sys=True)


def _worker_pool() -> None:
    """Run the process that starts Parsl's workers, and end it when the process that holds its queues has died.

    It would go on to tell the interchange that all is well, and nothing would be calculated any more.
    """

    def watch() -> None:
        begun = False
        while True:
            children = multiprocessing.active_children()
            running = any(child.name.startswith("SyncManager") for child in children)
            if begun and not running:
                break
            begun |= running
            time.sleep(0.5)
        for child in children:
            child.kill()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    runpy.run_module("parsl.executors.high_throughput.process_worker_pool", run_name="__main__", alter_sys=True)


def _local_parsl(workers: int, logs: str) -> Any:  # noqa: ANN401 - a parsl.Config
    """Workers of this machine; a lost worker or group of workers is found within seconds and replaced."""
    from parsl import Config
    from parsl.executors import HighThroughputExecutor
    from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD
    from parsl.jobs.error_handlers import windowed_error_handler
    from parsl.providers import LocalProvider

    code = "from licoat.workflows.calculations.engines import _worker_pool; _worker_pool()"
    pool = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    executor = HighThroughputExecutor(
        label="licoat",
        launch_cmd=DEFAULT_LAUNCH_CMD.replace("process_worker_pool.py", pool, 1),
        address="127.0.0.1",
        loopback_address="127.0.0.1",
        max_workers_per_node=workers,
        cores_per_worker=1e-6,
        provider=LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1),
        block_error_handler=windowed_error_handler,
        heartbeat_period=1,
        heartbeat_threshold=10,
    )
    return Config(executors=[executor], run_dir=logs, strategy="simple", strategy_period=1)


@contextlib.contextmanager
def _dask(address: str | None, workers: int) -> Iterator[Executor]:
    import dask
    from distributed import Client

    # Any free port: with none given it takes 8787, and says so if another cluster of this machine has that.
    local = {
        "n_workers": workers,
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
        "silence_logs": _SILENT,
    }
    options: dict[str, Any] = local if address is None else {}
    # Who loses a worker is tried again by `run_tasks`, alone; an interrupt from the keyboard is not the workers'.
    settings = {
        "distributed.scheduler.allowed-failures": 0,
        "distributed.worker.preload": ["import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"],
    }
    with _environment(), dask.config.set(settings):
        try:
            client = Client(address, **options)
        except (OSError, ValueError) as error:
            raise EngineError(f"Dask does not start, or does not answer at {address} ({error})") from error
        with client:
            yield client.get_executor(pure=False)
