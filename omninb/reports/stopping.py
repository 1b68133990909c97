"""How a run is stopped from outside: as a failure that is written down, and never halfway."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from omninb.reports.execution import RunError

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """Raised wherever the run is: no Exception, or a library that mends errors would mend it."""


class Stop:
    """Whether a run was asked to stop, and whether that is over: what is published stays so."""

    asked, over = "", False

    def check(self) -> None:
        """Raise what was asked for, should it have been lost in a destructor."""
        if self.asked:
            raise Stopped(self.asked)


@contextmanager
def stoppable() -> Iterator[Stop]:
    """SIGTERM and Ctrl-C end the run as a failure; the first alone, so that it can tidy up.

    Raises
    ------
    RunError
        Once the run was stopped.
    """
    stop = Stop()

    def on_signal(number: int, frame: object) -> None:
        if not stop.asked:
            stop.asked = f"the run was stopped ({signal.Signals(number).name})."
            if not stop.over:
                stop.check()

    with _handled(on_signal):
        try:
            yield stop
        except Stopped as error:
            raise RunError(str(error)) from None


@contextmanager
def undisturbed() -> Iterator[None]:
    """What is published or written down here is not stopped halfway: it takes no time."""
    with _handled(signal.SIG_IGN):
        yield


@contextmanager
def in_time(end: float, late: str) -> Iterator[None]:
    """What is done here ends by a moment of the monotonic clock, as soon as Python runs again.

    Raises
    ------
    RunError
        If it did not. (Where alarms cannot be had, in a thread or on Windows, not before it is
        done.)
    """

    def on_alarm(number: int, frame: object) -> None:
        raise Stopped(late)

    main = threading.current_thread() is threading.main_thread()
    if main and hasattr(signal, "setitimer"):
        handler = signal.signal(signal.SIGALRM, on_alarm)
        before = signal.setitimer(signal.ITIMER_REAL, max(end - time.monotonic(), 0.001))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, *before)
            signal.signal(signal.SIGALRM, handler)
    else:
        yield
    if time.monotonic() > end:
        raise RunError(late)


@contextmanager
def _handled(handler: object) -> Iterator[None]:
    """Python hands signals to the main thread alone; a run in another cannot be stopped by them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(number, signal.signal(number, handler)) for number in _SIGNALS]  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, old in before:
            signal.signal(number, old)
