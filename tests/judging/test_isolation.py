"""Heavy claims in worker processes: the same verdicts, limits that hold, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pair_table import pairs as table

from derive.judging import Claim, compare, isolation, worker
from derive.judging.isolation import Pool, allowing
from derive.judging.limits import Heavy, Meter, metered

ROOT = Path(__file__).resolve().parents[2]
#: Without a ceiling on work this takes hours; nothing in it is large but the number of its terms.
ENDLESS = (
    r"\sum_{a=1}^{30}\sum_{b=1}^{30}\sum_{c=1}^{30}\sum_{d=1}^{30}\sum_{g=1}^{30}\frac{1}{a+b+c+d+g^2}",
    "1",
)
#: Numbers with slopes in matrices of 90 by 90, at every point.
BULKY = (r"\nabla_A \mathrm{tr}(ABAB)", "B^T A^T B^T", ["A: 90x90", "B: 90x90"])
UNIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits or signals")


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """A pool of this test's own."""
    own = Pool(size=2)
    monkeypatch.setattr(isolation, "POOL", own)
    yield own
    own.close()


PAIRS = {
    "proved": (r"\tanh x", r"2\sigma(2x) - 1", []),
    "wrong at a point": (r"\tanh x", r"2\sigma(x) - 1", []),
    "wrong in an entry": (r"\nabla_x x^T A x", "2Ax", ["A: 3x3", "x: 3"]),
    "wrong by shape": ("AB", "BA", []),
    "to the digits": (r"e^{0.693}", "2.0", []),
    "exact": (r"\frac13 + \frac16", r"\frac12", []),
    "unread": ("(x", "x", []),
    "undecided": (r"9^{9^9}", "1", []),
    "domain": (r"\sqrt{x^2}", "x", ["x > 0"]),
    "random function": ("f(x + y)", "f(x) + f(y)", ["f: function"]),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_a_worker_says_what_is_said_here(pair: tuple[str, str, list[str]]) -> None:
    here = compare(*pair)
    with allowing(always=True):
        there = compare(*pair)
    assert there == here


def test_the_ordinary_claim_starts_nothing(pool: Pool) -> None:
    for pair in PAIRS.values():
        compare(*pair)
    assert pool.started == 0
    assert threading.active_count() == 1 or not any(
        isinstance(thread, threading.Timer) and thread.function == pool._close_idle
        for thread in threading.enumerate()
    )


def test_a_claim_is_stopped_by_work_on_every_machine_alike(pool: Pool) -> None:
    with allowing(seconds=30, work=2_000_000):
        claim = compare(*ENDLESS)
    assert (claim.verdict, claim.message) == ("undecided", "not computed: it needs too many operations")
    assert pool.replaced == 0  # the worker itself stopped, and stays


def test_what_runs_long_is_killed_and_the_next_claim_judged(pool: Pool) -> None:
    with allowing(seconds=0.5, work=10**12):
        begun = time.monotonic()
        claim = compare(*ENDLESS)
        seconds = time.monotonic() - begun
        assert (claim.verdict, claim.message) == ("undecided", "not computed: it takes longer than 0.5 s")
        assert 0.5 <= seconds < 20
        assert pool.replaced == 1
    with allowing(always=True):
        assert compare(r"\tanh x", r"2\sigma(x) - 1").verdict == "wrong"


@UNIX
def test_what_needs_much_memory_is_stopped(pool: Pool) -> None:
    with allowing(seconds=30, work=10**12, memory=100 * worker.MEGABYTE):
        claim = compare(*BULKY)
    assert claim.verdict == "undecided"
    assert "memory" in claim.message or "too large" in claim.message
    with allowing(always=True):
        assert compare("x", "x + 1").verdict == "wrong"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says what a process holds")
def test_a_worker_that_held_much_memory_is_replaced(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "KEPT", 1)
    assert worker.used_up()
    monkeypatch.setattr(worker, "KEPT", 1 << 50)
    assert not worker.used_up()


def test_many_threads_share_the_pool(pool: Pool) -> None:
    verdicts: list[str] = []

    def judge(number: int) -> None:
        with allowing(always=True):
            for k in range(5):
                right = f"{number + k} x" if k % 2 else f"x + {number + k} x - x"
                verdicts.append(compare(f"{number + k} x", right).verdict)

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(2, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert verdicts == ["correct"] * 35
    assert pool.started == pool.size


def test_a_worker_that_ended_unasked_is_replaced_unseen(pool: Pool) -> None:
    with allowing(always=True):
        assert compare("x", "x + 1").verdict == "wrong"
        pool._resting[0].kill()
        pool._resting[0].process.wait()
        assert compare("x", "x + 2").verdict == "wrong"
    assert pool.started == 2


def test_an_idle_pool_closes_its_workers() -> None:
    pool = Pool(size=1, idle=0.2)
    reply = pool.ask(isolation.request(_here, ()), 5.0)
    assert reply["claim"]["verdict"] == "correct"
    (resting,) = pool._resting
    end = time.monotonic() + 20
    while resting.process.returncode is None and time.monotonic() < end:
        time.sleep(0.05)
    assert resting.process.returncode is not None  # ended, and waited for
    assert resting.process.stdin is not None
    assert resting.process.stdin.closed
    assert pool._resting == []
    assert pool.ask(isolation.request(_here, ()), 5.0)["claim"]["verdict"] == "correct"  # a new one
    pool.close()


def _here() -> Claim:
    return Claim("correct", "exact")


def _raises() -> Claim:
    raise KeyError("something unforeseen")


def test_a_defect_is_reported_and_not_hidden(pool: Pool) -> None:
    with allowing(always=True), pytest.raises(RuntimeError, match="something unforeseen"):
        isolation.guarded(_raises, (), ())
    with allowing(always=True):
        assert isolation.guarded(_here, (), ()).verdict == "correct"


def test_without_processes_the_ceilings_remain(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "")
    with allowing(work=2_000_000):
        assert compare(*ENDLESS).message == "not computed: it needs too many operations"
    with allowing(always=True):
        assert compare("x", "x + 1").verdict == "wrong"
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with allowing(always=True):
        assert compare("x", "x + 1").verdict == "wrong"


def test_an_interrupted_conversation_ends_its_worker(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[isolation.Worker] = []

    class Interrupted(isolation.Worker):
        def ask(self, request: bytes, seconds: float) -> dict[str, object]:
            made.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(isolation, "Worker", Interrupted)
    with allowing(always=True), pytest.raises(KeyboardInterrupt):
        compare("x", "x + 1")
    assert made[0].process.returncode is not None
    monkeypatch.undo()


@pytest.mark.parametrize(
    ("platform", "lacks"),
    [("linux", ()), ("darwin", ("memory",)), ("win32", ("memory", "processor time"))],
)
def test_what_a_system_lacks_is_said(
    platform: str, lacks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert isolation.lacking() == lacks
    if platform == "win32":  # nothing of Unix is touched there
        monkeypatch.setitem(sys.modules, "resource", None)
        with worker.limited(worker.Allowed()):
            pass
        monkeypatch.setattr(worker, "KEPT", 10**15)  # however much the tests themselves hold
        assert not worker.used_up()


def test_nested_claims_share_one_meter() -> None:
    with pytest.raises(Heavy), metered(Meter(work=1000)):
        compare(r"\tanh x", r"2\sigma(x) - 1")


SCRIPTS = {
    "at exit": """
        with allowing(always=True):
            compare("x", "x + 1")
    """,
    "after an error": """
        with allowing(always=True):
            compare("x", "x + 1")
        say()
        raise SystemExit(3)
    """,
    "when the program is killed": """
        with allowing(always=True):
            compare("x", "x + 1")
        say()
        os.kill(os.getpid(), signal.SIGKILL)
    """,
    "when it is killed while a worker works": """
        def late():
            time.sleep(0.3)
            say()
            os.kill(os.getpid(), signal.SIGKILL)
        with allowing(always=True):
            compare("x", "x + 1")
        threading.Thread(target=late, daemon=True).start()
        with allowing(seconds=5, work=10**12):
            compare(*ENDLESS)
    """,
    "after a fork": """
        with allowing(always=True):
            compare("x", "x + 1")
            child = os.fork()
            verdict = compare("x", "2x").verdict
            if child == 0:
                os._exit(verdict != "wrong")
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert compare("x", "3x").verdict == "wrong"
    """,
}


@UNIX
@pytest.mark.parametrize("body", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_no_worker_outlives_the_program(body: str) -> None:
    head = f"""
        import os, signal, sys, threading, time
        from derive.judging import compare
        from derive.judging.isolation import POOL, allowing
        from derive.judging import isolation
        ENDLESS = {ENDLESS!r}
        pids = []
        start = isolation.Worker.__init__
        def begin(self):
            start(self)
            pids.append(self.process.pid)
        isolation.Worker.__init__ = begin
        def say():
            print(*pids, flush=True)
    """
    script = "\n".join(textwrap.dedent(part) for part in (head, body, "say()"))
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert pids, done.stderr
    end = time.monotonic() + 20
    while any(map(_lives, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(_lives, pids))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")  # a process that has ended and that nobody waits for is none
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
@pytest.mark.parametrize("order", [1, -1], ids=["forwards", "backwards"])
def test_every_run_says_the_same(order: int) -> None:
    """Another order of sets and dictionaries, other claims before: the same verdicts, witnesses and notes."""
    script = """
import json, sys
from derive.judging import compare
pairs = json.loads(sys.stdin.read())
print(json.dumps({str(pair): compare(*pair).to_dict() for pair in pairs}, sort_keys=True))
"""
    rows = [
        (pair.left, pair.right, pair.declare, dict(pair.in_force), pair.relation) for pair in table()[::5]
    ]
    said = []
    for seed, asked in (("1", rows), ("2", rows[::order])):
        done = subprocess.run(
            [sys.executable, "-c", script], input=json.dumps(asked), capture_output=True, text=True,
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, timeout=300, check=True,
        )  # fmt: skip
        said.append(json.loads(done.stdout))
    assert said[0] == said[1]


@UNIX
def test_a_busy_machine_decides_nothing(pool: Pool) -> None:
    """A worker that gets no processor for longer than its limit goes on with the claim when it does."""
    with allowing(seconds=1, always=True):
        assert compare("x", "x + 1").verdict == "wrong"
        (resting,) = pool._resting
        os.kill(resting.process.pid, signal.SIGSTOP)
        wake = threading.Timer(1.7, os.kill, (resting.process.pid, signal.SIGCONT))
        wake.start()
        try:
            claim = compare(r"\tanh x", r"2\sigma(2x) - 1")
        finally:
            wake.join()
    assert claim.verdict == "correct"
    assert (pool.replaced, pool.late) == (0, 0)
