"""Settings of all tests: the same random examples in every run, so that a failure can be repeated."""

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
