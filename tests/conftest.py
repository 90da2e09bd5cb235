"""Settings of all tests: the same random examples in every run, so that a failure can be repeated."""

import os
import pickle
import signal

import pytest
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Take Ctrl-C, however the tests were started.

    Under `nohup ... &`, many CI runners and pytest-xdist it is ignored, which the started processes inherit.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def rebuilt_once(tmp_path_factory):
    """Make the embedded table from its inputs once for all tests, 15 s, and return what lets a test use it again.

    Called with a `pytest.MonkeyPatch`, it puts what was made where `verify_builtin` and `build_builtin` would make it
    anew; all the rest of them is real. Workers of pytest-xdist find it in the folder that they share.
    """
    from licoat.structures.phases import builtin

    make, folder = builtin._assemble, tmp_path_factory.getbasetemp()
    kept = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "rebuilt.pickle"

    def assemble(relaxed):
        if relaxed != builtin.RELAXED:
            return make(relaxed)
        if not kept.exists():
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_bytes(pickle.dumps(make(relaxed)))
            part.replace(kept)
        return pickle.loads(kept.read_bytes())  # noqa: S301 - of this very run; a copy for every caller

    return lambda patch: patch.setattr(builtin, "_assemble", assemble)
