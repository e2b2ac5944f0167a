"""Heavy claims are judged in a process of their own: pooled, limited, killed when their time is up.

The ordinary claim never comes here: it is judged where it was asked, within a few milliseconds. A claim that
looks heavy, or turns out to be (:class:`~derive.judging.limits.Heavy`), is handed to a worker
(:mod:`derive.judging.worker`). What a claim may cost there is counted in work, so that the verdict is the
same on every machine, however busy it is; processor time and memory are the second line, for what nobody
foresaw, and the clock on the wall is the last, long after.

Nothing is started before a claim needs it. Workers that are idle for :data:`IDLE` seconds are closed, all are
at exit, and none outlives this process. No signal handler and no alarm is used: it works from any thread, in
notebooks and in forked children. Where no process can be started the claim is judged here, with the ceilings
on work and on time between two operations; :func:`lacking` says what a system lacks.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any

from derive.judging.claim import Claim
from derive.judging.limits import Heavy, Meter, in_force, metered
from derive.judging.worker import LARGEST_REPLY, READY, Allowed, receive, send
from derive.reading.tree import Big, Number, Power, Tree

#: What a claim may cost in this process before it is handed to a worker.
HERE_WORK, HERE_SECONDS = 1_000_000, 0.06
#: Formulas with more nodes, tensors with longer axes go to a worker at once.
HERE_NODES, HERE_SIZE, HERE_EXPONENT = 600, 100, 64
#: Workers without work are closed after so many seconds.
IDLE = 20.0
#: How long a worker may take to start: a cold disk, a busy machine.
START = 60.0
#: What is said of a claim whose worker was ended for its time.
LATE = "late"

_allowed: ContextVar[Allowed | None] = ContextVar("what a claim may cost in a worker", default=None)
_always: ContextVar[bool] = ContextVar("whether every claim goes to a worker", default=False)

Judge = Callable[..., Claim]


@contextmanager
def allowing(
    seconds: float | None = None,
    memory: int | None = None,
    work: int | None = None,
    always: bool = False,
) -> Iterator[Allowed]:
    """Inside, a claim in a worker may cost this much; with ``always`` every claim goes to one.

    >>> from derive.judging import compare
    >>> with allowing(seconds=1.5, always=True):
    ...     compare("a + b", "b + a").verdict
    'correct'
    """
    given = {"seconds": seconds, "memory": memory, "work": work}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    allowed = replace(_allowed.get() or Allowed(), **changes)
    tokens = _allowed.set(allowed), _always.set(always)
    try:
        yield allowed
    finally:
        _allowed.reset(tokens[0])
        _always.reset(tokens[1])


def guarded(judge: Judge, trees: Iterable[Tree], sizes: Iterable[object], *arguments: Any) -> Claim:
    """``judge(*arguments)``, here if it is cheap, else in a worker.

    ``judge`` is a function at the top of a module. ``trees`` and ``sizes`` (of declared axes) are what tells
    a heavy claim beforehand. A claim that costs too much is ``undecided`` with the reason.
    """
    if in_force() is not None:  # part of a claim that is being judged under limits already
        return judge(*arguments)
    allowed = _allowed.get() or Allowed()
    if not _always.get() and not looks_heavy(trees, sizes):
        try:
            with metered(Meter(min(HERE_WORK, allowed.work), HERE_SECONDS, hands_on=True)):
                return judge(*arguments)
        except Heavy:
            pass
    try:
        reply = POOL.ask(request(judge, arguments), allowed.patience)
    except OSError:  # no processes here: what is left are the ceilings
        return _without_a_worker(judge, arguments, allowed)
    if "failed" in reply:
        raise RuntimeError(f"{reply['failed']}\n{reply['trace']}")
    if "stopped" in reply:
        late = f"it takes longer than {allowed.seconds:g} s"
        why = late if reply["stopped"] == LATE else reply["stopped"]
        return Claim("undecided", message=f"not computed: {why}")
    record = reply["claim"]
    return Claim(
        **{
            **record,
            "assumed": tuple(record["assumed"]),
            **({"proof": tuple(record["proof"])} if "proof" in record else {}),
        }
    )


def request(judge: Judge, arguments: tuple[Any, ...]) -> bytes:
    """What a worker is sent: a function, what to call it with, and what that may cost."""
    return pickle.dumps((judge, arguments, _allowed.get() or Allowed()))


def _without_a_worker(judge: Judge, arguments: tuple[Any, ...], allowed: Allowed) -> Claim:
    try:
        with metered(Meter(allowed.work, allowed.seconds)):
            return judge(*arguments)
    except Heavy as heavy:
        return Claim("undecided", message=f"not computed: {heavy}")


def looks_heavy(trees: Iterable[Tree], sizes: Iterable[object]) -> bool:
    """Whether a claim goes to a worker without a try: what it costs shows before anything is computed.

    >>> from derive.reading import read_formula
    >>> [looks_heavy([read_formula(t)], ()) for t in ("x^2", "(a + b)^{100}", r"\\int_0^1 f(x) dx")]
    [False, True, True]
    """
    if any(isinstance(size, int) and size > HERE_SIZE for size in sizes):
        return True
    nodes = 0
    for tree in trees:
        for node in tree.walk():
            nodes += 1
            if isinstance(node, Power) and isinstance(node.exponent, Number):
                huge = len(node.exponent.digits) > 9 or abs(node.exponent.value) > HERE_EXPONENT
                if huge and not isinstance(node.base, Number):
                    return True
            elif isinstance(node, Big) and node.operator in ("int", "lim"):
                return True
        if nodes > HERE_NODES:
            return True
    return False


class Worker:
    """One worker process and the pipes to it."""

    def __init__(self) -> None:
        if not sys.executable:
            raise OSError("there is no Python to start")
        self.idle_since = time.monotonic()
        self._ready = self.late = False
        home = str(Path(__file__).resolve().parents[2])
        threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
        path = os.pathsep.join([home, *(entry for entry in sys.path if entry and entry != home)])
        own: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        self.process = subprocess.Popen(
            # -P: a file called json.py in the reader's folder is not ours
            [sys.executable, "-P", "-m", "derive.judging.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **dict.fromkeys(threads, "1"), "PYTHONPATH": path},
            **own,
        )

    def ready(self) -> None:
        """Wait until it has started; raises :class:`OSError` if it does not."""
        if not self._ready and self._within(START, None) != READY:
            raise OSError("a worker could not be started")
        self._ready = True

    def ask(self, request: bytes, seconds: float) -> dict[str, Any]:
        """The reply, ``{"stopped": why}`` if the process did not live to give one.

        Raises :class:`OSError` if the process never started.
        """
        self.ready()
        reply = self._within(seconds, request)
        if reply is not None:
            return {**reply, "last": reply.get("last") or self.late}
        self.late = self.late or self._out_of_time()
        return {"stopped": LATE if self.late else "it needs too much memory", "last": True}

    def _out_of_time(self) -> bool:
        """Whether it was ended by one of its own limits on processor time."""
        if sys.platform == "win32":
            return False
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(START) in (-signal.SIGPROF, -signal.SIGXCPU)
        return False

    def _within(self, seconds: float, request: bytes | None) -> dict[str, Any] | None:
        clock = threading.Timer(seconds, self._end)
        clock.daemon = True
        clock.start()
        try:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            if request is not None:
                send(self.process.stdin, request)
            reply = receive(self.process.stdout, LARGEST_REPLY)
            result: dict[str, Any] | None = None if reply is None else json.loads(reply)
            return result
        except (OSError, ValueError):  # the pipe is broken, or what came through it is
            return None
        finally:
            clock.cancel()
            clock.join()  # it may just be going off

    def _end(self) -> None:
        self.late = True
        self.kill()

    def kill(self) -> None:
        """End it and every process that it started."""
        if self.process.returncode is not None:  # waited for: its number may be another's by now
            return
        if sys.platform == "win32":
            self.process.kill()
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it, and leave neither a process nor an open pipe."""
        self.kill()
        self.process.wait()
        self.forget()

    def forget(self) -> None:
        """Close the pipes."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()


class Pool:
    """Workers, at most ``size`` at a time; started when they are needed, closed when they are not."""

    def __init__(self, size: int | None = None, idle: float = IDLE) -> None:
        self.size = size or min(4, os.cpu_count() or 1)
        self.idle = idle
        self.started = self.replaced = self.late = 0
        self._lock = threading.Lock()
        self._free = threading.Semaphore(self.size)
        self._resting: list[Worker] = []
        self._clock: threading.Timer | None = None

    def ask(self, request: bytes, seconds: float) -> dict[str, Any]:
        """The reply to a request; raises :class:`OSError` where no worker can be started."""
        with self._free:
            with self._lock:
                worker = self._resting.pop() if self._resting else None
            if worker is not None and worker.process.poll() is not None:  # ended while it had no work
                worker.close()
                worker = None
            worker = worker or self._start()
            try:
                reply = worker.ask(request, seconds)
            except BaseException:  # interrupted in the middle of a conversation
                worker.close()
                raise
            if reply.get("last"):
                worker.close()
                self.replaced += 1
                self.late += worker.late
                worker = self._start()  # it starts while the caller goes on
            self._rest(worker)
            return reply

    def _start(self) -> Worker:
        self.started += 1
        return Worker()

    def _rest(self, worker: Worker) -> None:
        worker.idle_since = time.monotonic()
        with self._lock:
            self._resting.append(worker)
            if self._clock is None:
                self._wind()

    def _wind(self) -> None:
        self._clock = threading.Timer(self.idle, self._close_idle)
        self._clock.daemon = True
        self._clock.start()

    def _close_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            over = [w for w in self._resting if now - w.idle_since >= self.idle]
            self._resting = [w for w in self._resting if w not in over]
            self._clock = None
            if self._resting:
                self._wind()
        for worker in over:
            worker.close()

    def close(self) -> None:
        """Close all workers that are not at work; the next claim starts a new one."""
        with self._lock:
            workers, self._resting = self._resting, []
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None
        for worker in workers:
            worker.close()

    def forget(self) -> None:
        """In a forked child: the workers are the parent's."""
        for worker in self._resting:
            worker.forget()
        self.__init__(self.size, self.idle)  # type: ignore[misc]  # new locks, no workers


POOL = Pool()
atexit.register(lambda: POOL.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: POOL.forget())


def lacking() -> tuple[str, ...]:
    """The limits that this system cannot put on a worker; the ceilings on work hold everywhere.

    Linux lacks none, macOS the limit on memory, Windows those on memory and processor time.
    """
    if sys.platform == "win32":
        return ("memory", "processor time")
    return ("memory",) if sys.platform == "darwin" else ()
