"""Files that appear whole or not at all, whoever else writes into the same folder at the same time.

Every writer has a temporary name of its own: machine, process, thread and a random part. What a killed process left
behind is known by that name, and the next writer removes it.
"""

import contextlib
import errno
import hashlib
import os
import platform
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

__all__ = ["alone", "publish_files", "published", "try_lock"]

_MARK = ".part-"
_TEMPORARY = re.compile(rf"{re.escape(_MARK)}(?P<machine>[0-9a-f]{{8}})-(?P<process>\d+)-\d+-[0-9a-f]{{12}}\.")
_KEPT = 40
"""Characters of a file's own name, its ending among them, that its temporary name keeps: names are limited."""
_DAY_S = 86_400.0
_POLL_S = 0.01
_LONGEST_WAIT_S = 120.0
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextlib.contextmanager
def published(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; what was written takes the place of `path` if nothing fails.

    Parameters
    ----------
    path : Path
        Where the file shall stand; its folder is made. The temporary name has the same ending.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk; it names `path`.
    """
    with _parts([path]) as (temporary,):
        yield temporary


def publish_files(folder: Path, writers: Mapping[str, Callable[[Path], Any]]) -> list[Path]:
    """Write several files that belong together into a folder: all are written before the first takes its place.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    writers : mapping of str to callable
        File name to a function that writes a path, in the order in which they take their places.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    OSError
        If one cannot be written; it is named, and the earlier files stay as they were.
    """
    targets = [folder / name for name in writers]
    with _named(folder):
        folder.mkdir(parents=True, exist_ok=True)
    # One lock for all sets of a folder: two sets may share some of their files.
    with alone(folder / "files"), _parts(targets) as temporaries:
        for target, temporary, write in zip(targets, temporaries, writers.values(), strict=True):
            with _named(target):
                write(temporary)
    return targets


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let one thread of one process at a time publish files that belong together.

    Parameters
    ----------
    path : Path
        The first of them. The lock is the operating system's, on a file beside, and ends with its process.

    Raises
    ------
    OSError
        If the folder cannot be written, or another writer still holds the lock after two minutes.
    """
    lock = path.with_name(f".lock-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}")
    deadline = time.monotonic() + _LONGEST_WAIT_S
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        while (stream := try_lock(lock)) is None:
            if time.monotonic() > deadline:
                raise OSError(errno.ETIMEDOUT, "another process has been writing it for two minutes", str(path))
            time.sleep(_POLL_S)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()  # before it is let go: whoever waits sees that the file is gone
        stream.close()


def try_lock(path: Path) -> TextIO | None:
    """Take the lock of a file, made for it, if nobody holds it; it is held until the stream is closed.

    Returns
    -------
    TextIO or None
        None if somebody else holds it, or has just removed it.
    """
    try:
        stream = path.open("a", encoding="utf-8")
    except FileNotFoundError:  # the holder before has just removed the folder, which it had made and left empty
        return None
    with contextlib.ExitStack() as stack:
        stack.callback(stream.close)
        if _flock(stream) and _is_named(stream, path):
            stack.pop_all()
            return stream
    return None


@contextlib.contextmanager
def _parts(targets: list[Path]) -> Iterator[list[Path]]:
    """Give a temporary name for each target; at the end, in order, they take their places."""
    machine, process, thread = _machine(), os.getpid(), threading.get_ident()
    temporaries = [
        target.with_name(f"{_MARK}{machine}-{process}-{thread}-{uuid.uuid4().hex[:12]}.{target.name[-_KEPT:]}")
        for target in targets
    ]
    try:
        for folder in {target.parent for target in targets}:
            with _named(folder):
                folder.mkdir(parents=True, exist_ok=True)
                _remove_leftovers(folder)
        if len(targets) == 1:
            with _named(targets[0]):
                yield temporaries
        else:
            yield temporaries
        for target, temporary in zip(targets, temporaries, strict=True):
            with _named(target):
                _sync(temporary)
        for target, temporary in zip(targets, temporaries, strict=True):
            with _named(target):
                temporary.replace(target)
    finally:
        for temporary in temporaries:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the operating system name the file that somebody wants, not the one beside it."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # a library's own
            raise OSError(f"{path}: {error}") from error
        ours = not error.filename or os.path.basename(os.fsdecode(error.filename)).startswith((_MARK, ".lock-"))  # noqa: PTH119
        if not ours:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _sync(path: Path) -> None:
    """Wait until a file is on the disk: a name must not outlive what it stands for."""
    with path.open("rb") as stream, contextlib.suppress(OSError):
        os.fsync(stream.fileno())


def _machine() -> str:
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _remove_leftovers(folder: Path) -> None:
    """Remove what writers left that are no more."""
    machine = _machine()
    for path in folder.glob(f"{_MARK}*"):
        found = _TEMPORARY.match(path.name)
        if found is None:
            continue
        with contextlib.suppress(OSError):
            here = found["machine"] == machine
            if (here and not _is_alive(int(found["process"]))) or time.time() - path.stat().st_mtime > _DAY_S:
                path.unlink()


def _is_alive(process: int) -> bool:
    if os.name != "posix":  # elsewhere a signal 0 is no question; age alone decides
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        return True
    return True


def _flock(stream: TextIO) -> bool:
    """Try to take the lock; where there are none, each file still appears whole or not at all."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _is_named(stream: TextIO, path: Path) -> bool:
    """Say whether an open file is still the one of its name: the holder before removes it."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    return False
