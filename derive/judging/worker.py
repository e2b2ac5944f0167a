"""The process in which heavy claims are judged: ``python -m derive.judging.worker``.

It reads requests from its standard input and writes one reply to each: a pickle comes in (from the program
itself, never from outside), JSON goes out. Memory, processor time and the files that may be written are
limited where the system has such limits; the other end kills the process when a claim's time is up. It ends
when its input does, so that it never outlives the program that started it.

A process that stays costs a claim about 2 ms, one forked for each claim 5 to 10 ms (its pages have to be
copied), and it needs no ``fork``, which macOS' libraries do not stand and Windows does not have.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO, Any

from derive.judging.limits import MAX_WORK, Heavy, Meter, metered

#: A request or a reply is its length and then its bytes.
HEAD = struct.Struct(">I")
LARGEST_REPLY = 4_000_000
READY = {"ready": True}
MEGABYTE = 1 << 20
#: A claim that took no processor time to speak of is given up after so many seconds all the same.
PATIENCE = 30.0
#: A worker that holds so much memory after a claim ends with its reply.
KEPT = 256 * MEGABYTE
#: Judged once at the start: what they import and compute once and for all is not part of a claim's time.
WARMING = (r"\tanh x", r"2\sigma(2x) - 1"), (r"\nabla_x x^T A x", "2Ax"), (r"\frac{1}{3} + \pi", "3.47")


@dataclass(frozen=True)
class Allowed:
    """What one claim may cost in a worker: units of work (:mod:`derive.judging.limits`), and in case nobody
    foresaw what it does, seconds of processor time, and bytes."""

    seconds: float = 2.0
    memory: int = 768 * MEGABYTE
    work: int = MAX_WORK

    @property
    def patience(self) -> float:
        """How many seconds by the clock on the wall are waited: long, for the machine may be busy. Where
        there is no limit on processor time that clock is the only one."""
        return self.seconds if sys.platform == "win32" else max(PATIENCE, 10 * self.seconds)


def answer(request: bytes) -> dict[str, Any]:
    """Do what a request asks for: ``{"claim": ...}``, ``{"stopped": why}`` or ``{"failed": what}``."""
    try:
        function, arguments, allowed = pickle.loads(request)  # from our own program; see the module's text
        with limited(allowed), metered(Meter(allowed.work)):
            return {"claim": asdict(function(*arguments))}
    except Heavy as heavy:
        return {"stopped": str(heavy)}
    except MemoryError:
        return {"stopped": "it needs too much memory"}
    except RecursionError:
        return {"stopped": "the formula is nested too deeply"}
    except Exception as error:  # a defect of the program: reported where the claim was asked for
        import traceback

        return {"failed": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()[-4000:]}


@contextlib.contextmanager
def limited(allowed: Allowed) -> Iterator[None]:
    """Limit this process for one claim, as far as the system can.

    The profiling timer counts processor time, of Python and of C alike, and ends the process without asking
    it; the limit of the system, in whole seconds, stands behind it.
    """
    if sys.platform == "win32":
        yield
        return
    import resource
    import signal

    seconds = int(time.process_time() + allowed.seconds) + 2  # the timer comes first
    limits = {
        resource.RLIMIT_AS: allowed.memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for what, value in limits.items():
        most = resource.getrlimit(what)[1]
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(what, (value if most == resource.RLIM_INFINITY else min(value, most), most))
    signal.setitimer(signal.ITIMER_PROF, allowed.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def used_up() -> bool:
    """Whether this process holds so much memory that a new one is the better next one.

    Only Linux says so; what ``getrusage`` says includes what the program that started us held.
    """
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") > KEPT
    except OSError:
        return False


def send(stream: IO[bytes], message: bytes) -> None:
    """Write one request or reply."""
    rest = memoryview(HEAD.pack(len(message)) + message)
    while rest:
        rest = rest[stream.write(rest) :]


def receive(stream: IO[bytes], most: int = 1 << 31) -> bytes | None:
    """Read one request or reply; None where the stream has ended, or would bring more than ``most`` bytes."""
    head = _exactly(stream, HEAD.size)
    if head is None or HEAD.unpack(head)[0] > most:
        return None
    return _exactly(stream, HEAD.unpack(head)[0])


def _exactly(stream: IO[bytes], length: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < length:
        part = stream.read(length - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)


def main() -> None:
    """Serve requests until the input ends."""
    requests, replies = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # whatever is printed must not come between the replies
        os.dup2(nothing, descriptor)
    _end_with(os.getppid())
    _warm()
    send(replies, json.dumps(READY).encode())
    while (request := receive(requests)) is not None:
        reply = answer(request)
        reply["last"] = used_up()
        send(replies, json.dumps(reply, default=float).encode())
        if reply["last"]:
            return


def _end_with(program: int) -> None:
    """End in the middle of a claim too when the program that started this process is gone."""
    import threading

    def watch() -> None:
        while os.getppid() == program:
            time.sleep(0.25)
        os._exit(1)

    if sys.platform != "win32":  # there the number stays
        threading.Thread(target=watch, daemon=True).start()


def _warm() -> None:
    from derive.judging.compare import compare

    with metered(Meter()):
        for left, right in WARMING:
            compare(left, right)


if __name__ == "__main__":
    main()
