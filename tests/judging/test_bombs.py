"""Formulas made to hang or to exhaust a program: each ends soon, in little memory; the next one is judged.

Every bomb is ``undecided`` or ``unread`` with a reason. What only looks like one, and is decided, stands in a
table of its own with its verdict.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from derive.judging import compare, isolation
from derive.judging.isolation import Pool, allowing

ROOT = Path(__file__).resolve().parents[2]
GIGABYTE = 1 << 30


def matrix(rows: int, columns: int, entry: str = "{i}.{j}") -> str:
    body = r"\\".join(
        "&".join(entry.format(i=i, j=j) for j in range(1, columns + 1)) for i in range(1, rows + 1)
    )
    return rf"\begin{{bmatrix}}{body}\end{{bmatrix}}"


#: Left, right, declarations. The two sides differ; nothing short of an enormous computation shows it.
BOMBS: dict[str, tuple[str, str, list[str]]] = {
    # those of reading.md
    "a tower of powers": ("9^{9^{9^9}}", "1", []),
    "a shorter tower": ("9^{9^9}", "1", []),
    "nested brackets": ("(" * 3000 + "x" + ")" * 3000, "x", []),
    "brackets that stay open": ("(" * 900 + "x", "x", []),
    "a large binomial": (r"\binom{10^9}{5 \cdot 10^8}", "1", []),
    "a large factorial": ("(10^8)!", "1", []),
    "a sum to a billion": (r"\sum_{i=1}^{10^9} \frac{1}{i}", "1", []),
    # numbers
    "a sum to a million million": (r"\sum_{i=1}^{10^{12}} i^2", "1", []),
    "a product to a billion": (r"\prod_{i=1}^{10^9} i", "1", []),
    "factorials of factorials": ("((((9!)!)!)!)!", "1", []),
    "three hundred factorial signs": ("3" + "!" * 300, "1", []),
    "a negative power of a decimal": ("(0.5)^{-10^9}", "1", []),
    "pi to a million": (r"\pi^{10^6}", "1", []),
    "a tower of pi": (r"\pi^{\pi^{\pi^{\pi^\pi}}}", "1", []),
    "a number of many digits": ("7" * 2500, "1", []),
    "a large exponent": ("1e99999999", "1", []),
    "a power of a large number": ("1e300^{300}", "1", []),
    "powers multiplied": (r"\cdot ".join(["9^{6000}"] * 300), "1", []),
    "powers of a product": (r"\prod_{i=1}^{20000} (i^{20}+1)", "1", []),
    "factorials multiplied": (r"\cdot ".join(["500!"] * 200), "1", []),
    "growing denominators": (r"\sum_{i=1}^{5000} \frac{1}{i^{50}}", "1", []),
    "many large denominators": ("+".join(rf"\frac{{1}}{{{p}^{{1500}}}}" for p in range(3, 150)), "1", []),
    "the floor of a large power": (r"\lfloor 10^{10^5} / 3 \rfloor", "1", []),
    "the sine of a large number": (r"\sin(10^{300})", "1", []),
    "Fibonacci by the golden ratio": (r"\left(\frac{1+\sqrt{5}}{2}\right)^{100000}", "1", []),
    "a tower of exp": ("e^{" * 20 + "2" + "}" * 20, "1", []),
    "a tower of exp of x": ("e^{" * 20 + "x" + "}" * 20, "x", []),
    "full-width digits": ("９^{９^{９^９}}", "1", []),
    "superscript digits": ("9" + "⁹" * 500, "1", []),
    # sums, products, extrema
    "sums nested six deep": (
        "".join(rf"\sum_{{{k}=1}}^{{30}}" for k in "abcdgh") + r"\frac{1}{a+b+c+d+g+h}", "1", [],
    ),
    "a sum of many entries": (r"\sum_{i=1}^{1000000000} x_i", "x_1", []),
    "a sum that has no end": (r"\sum_{n=1}^{\infty} \frac{1}{n}", "7", []),
    "an integral": (r"\int_0^{10^9} e^{-x^2} dx", "1", []),
    "an integral that wobbles": (r"\int_0^1 \frac{\sin(1/x)}{x} dx", "1", []),
    "integrals nested": (r"\int_0^1\int_0^1\int_0^1\int_0^1 e^{xyzw} dx\,dy\,dz\,dw", "1", []),
    "a limit": (r"\lim_{n\to\infty} \sum_{k=1}^{n^3} \frac{1}{k}", "2", []),
    # derivatives
    "derivatives of derivatives": (r"\frac{d}{dx}" * 20 + " e^{x}", "1", []),
    "the thousandth derivative": (r"\frac{d^{1000}}{dx^{1000}} e^{2x}", "1", []),
    "a thousand primes": ("f" + "'" * 1000 + "(x)", "1", []),
    "derivatives of a long sum": (r"\frac{d}{dx}" * 3 + r"\sum_{i=1}^{5000} \sin(i x)", "1", []),
    "two hundred nablas": (r"\nabla" * 200 + "f", "1", []),
    "a gradient by a wide matrix": (r"\nabla_W \|W x\|^2", "2 W x x^T + 90 W", ["W: 90x90", "x: 90"]),
    # matrices
    "an enormous matrix": ("W", "100000 W", ["W: 100000x100000"]),
    "an enormous vector": ("x^T x", "900000000", ["x: 900000000"]),
    "the inverse of a wide matrix": ("A^{-1} B", "100 B A^{-1}", ["A: 100x100", "B: 100x100"]),
    "a large power of a matrix": ("A^{10^9}", "A", ["A: 3x3"]),
    "a large power of written entries": (matrix(2, 2) + "^{10^9}", matrix(2, 2), []),
    "the power of a large matrix": (matrix(30, 30, "1") + "^{50}", matrix(30, 30, "2"), []),
    "a matrix without an end": (r"\begin{matrix}" * 30 + r"\end{matrix}" * 30, "1", []),
    "a matrix of rows": (r"\begin{bmatrix}" + r"\\" * 1500 + r"\end{bmatrix}", "1", []),
    # many
    "a thousand factors": (" ".join(f"x_{{{i}}}" for i in range(1000)), "1", []),
    "a hundred thousand terms": ("+".join(f"{i} x^{{{i}}}" for i in range(100_000)), "1", []),
    "a long chain": ("=".join(f"x + {i}" for i in range(700)), "1", []),
    "a very long chain": ("=".join(f"x + {i}" for i in range(100_000)), "1", []),
    "fractions in fractions": (r"\frac{1}{1 + " * 200 + "x" + "}" * 200, "1", []),
    "brackets within functions": (r"\tan(" * 60 + "x" + ")" * 60, "1", []),
    "roots without an argument": (r"\sqrt" * 300 + "{x}", "1", []),
    "bars": ("|" * 500 + "x" + "|" * 500, "1", []),
    "ampersands": ("&" * 3000, "1", []),
    "independent random variables": (
        "E[" + "".join(f"({c} + 1)^2" for c in "XYZUVRSTKM") + "]", "1",
        [f"{c}: random variable, independent" for c in "XYZUVRSTKM"],
    ),
    "definitions that double": (
        "z", "1", [f"{a} = {' '.join([b] * 10)}" for a, b in zip("zabcdghk", "abcdghkl", strict=True)],
    ),
    "definitions in a circle": ("a", "1", ["a = b + 1", "b = a + 1"]),
    # signs
    "turned writing": ("\u202e\u2066x\ufeff" * 300, "1", []),
    "accents upon accents": ("x" + "\u0301" * 2000, "1", []),
    "a null character": ("x\x00y", "1", []),
    "half a character": ("x\ud800", "1", []),
    "a command that writes itself": (r"\newcommand{\a}{\a\a}\a", "1", []),
    "a file": (r"\input{/etc/passwd}", "1", []),
    "a program": (r"\immediate\write18{touch /tmp/derive-was-here}", "1", []),
}  # fmt: skip

#: Too large for a naive program, and still decided here; the right verdict.
DECIDABLE: dict[str, tuple[str, str, str, list[str]]] = {
    "a 60th power of a sum": ("wrong", "(a+b+c+d+f+g+h+k)^{60}", "1 + a", []),
    "a 60th power expanded once": (
        "correct", "(x+y+z+u+v+w)^{60}",
        "(x+y)(x+y+z+u+v+w)^{59} + (z+u+v+w)(x+y+z+u+v+w)^{59}", [],
    ),
    "a 60th power expanded wrongly": (
        "wrong", "(x+y+z+u+v+w)^{60}",
        "(x+y)(x+y+z+u+v+w)^{59} + (z+u+v+2w)(x+y+z+u+v+w)^{59}", [],
    ),
    "powers of powers of sums": ("wrong", "((((a+b)^{9}+c)^{9}+d)^{9}+f)^{9}", "1", []),
    "two hundred factors": ("wrong", "".join(f"(x+{i})" for i in range(1, 200)), "1", []),
    "ordered powers": ("wrong", "(AB+BA)^{12}", "(AB)^{12}", ["A: 3x3", "B: 3x3"]),
    "a shape alone": ("wrong", "W x", "x^T W^T", ["W: 200x200", "x: 200"]),
    "a sum of many terms": ("wrong", r"\sum_{i=1}^{9999} \frac{1}{i}", "1", []),
    "the same tower twice": ("correct", "9^{9^{9^9}}", "9^{9^{9^9}}", []),
    "a gradient by a matrix of a layer": (
        "wrong", r"\nabla_W \|W x\|^2", "2 W x x^T + W", ["W: 4096x4096", "x: 4096"],
    ),
    "sizes that do not matter": ("wrong", "W", "2 W", ["W: 100000x100000"]),
    "the inverse of any matrix": ("wrong", "A^{-1} B", "B A^{-1}", ["A: 100x100", "B: 100x100"]),
    "one enormous index": ("wrong", "x_{1000000000}", "2 x_{1000000000}", []),
    "a chain on both sides": (
        "correct", "=".join(f"(a+b)^{{{i}}}" for i in range(2, 150)),
        "=".join(f"(b+a)^{{{i}}}" for i in range(2, 150)), [],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One pool for all rows: what one leaves behind, the next would meet."""
    own, before = Pool(size=1), isolation.POOL
    isolation.POOL = own
    own.ask(isolation.request(isolation.Claim, ("correct",)), 60)  # starting Python is not part of a claim
    yield own
    isolation.POOL = before
    own.close()


def _judge(left: str, right: str, declare: list[str], pool: Pool) -> tuple[str, str]:
    begun = time.thread_time()
    claim = compare(left, right, declare)
    assert time.thread_time() - begun < 3  # here; a worker is killed after two seconds
    ordinary = compare(r"\tanh x", r"2\sigma(x) - 1")
    assert (ordinary.verdict, ordinary.witness) == (
        "wrong", {"at": {"x": 1}, "left": 0.761594, "right": 0.462117, "entry": None},
    )  # fmt: skip
    return claim.verdict, claim.message


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_no_harm(name: str, pool: Pool) -> None:
    verdict, message = _judge(*BOMBS[name], pool)
    assert verdict in ("undecided", "unread")
    assert message


@pytest.mark.parametrize("name", DECIDABLE)
def test_what_only_looks_like_a_bomb_is_decided(name: str, pool: Pool) -> None:
    verdict, left, right, declare = DECIDABLE[name]
    assert _judge(left, right, declare, pool)[0] == verdict


def test_all_bombs_are_stopped_by_ceilings_and_stay_within_a_gigabyte() -> None:
    """However slow the machine: what is counted is work, so that the verdict is the same everywhere."""
    script = """
import json, resource, sys
from derive.judging import compare, isolation
late = []
for left, right, declare in json.loads(sys.stdin.read()):
    with isolation.allowing(seconds=60):
        late += [left for _ in "x" if "takes longer" in compare(left, right, declare).message]
isolation.POOL.close()
assert not late, "a ceiling should have come before the clock"
print(*(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
"""
    if sys.platform == "win32":
        pytest.skip("Windows does not say how much memory a process held")
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(list(BOMBS.values())),
        capture_output=True, text=True, cwd=ROOT, timeout=300, check=True,
    )  # fmt: skip
    unit = 1 if sys.platform == "darwin" else 1024
    assert max(map(int, done.stdout.split())) * unit < GIGABYTE


@pytest.mark.slow
def test_two_thousand_hostile_claims_leave_nothing_behind(tmp_path: Path) -> None:
    """1,800 bombs that the ceilings stop and 200 that only a kill does: no process, file or memory stays."""
    endless = "".join(rf"\sum_{{{k}=1}}^{{40}}" for k in "abcdgh") + r"\frac{1}{a+b+c+d+g+h+NUMBER}"
    rows = [row for row in BOMBS.values() if len(row[0]) < 10_000]
    isolation.POOL.close()  # what other tests left resting there would end meanwhile
    before = _settled(tmp_path)
    pool = Pool(size=1, idle=0.5)
    previous, isolation.POOL = isolation.POOL, pool
    try:
        held = []
        for number in range(2000):
            if number % 10 == 9:
                with allowing(seconds=0.5, work=10**12):
                    claim = compare(endless.replace("NUMBER", str(number)), "1")
                assert "longer than 0.5 s" in claim.message
            else:
                with allowing(seconds=60, work=1_000_000):
                    claim = compare(*rows[number % len(rows)])
            assert claim.verdict in ("undecided", "unread")
            if number in (199, 1999):
                held.append(_memory())
            if number % 100 == 0:
                assert compare(r"\tanh x", r"2\sigma(x) - 1").verdict == "wrong"
        assert pool.late == 200
        end = time.monotonic() + 30
        while (pool._resting or pool._clock is not None) and time.monotonic() < end:
            time.sleep(0.1)
        after = _settled(tmp_path)
    finally:
        isolation.POOL = previous
        pool.close()
    assert after == before
    assert held[1] - held[0] < 30 * (1 << 20)


def _settled(folder: Path) -> dict[str, object]:
    """What is left once a worker and a timer that are just ending have ended: the same for one second."""
    found, since = _left(folder), time.monotonic()
    end = since + 30
    while time.monotonic() - since < 1 and time.monotonic() < end:
        time.sleep(0.05)
        if (now := _left(folder)) != found:
            found, since = now, time.monotonic()
    return found


def _left(folder: Path) -> dict[str, object]:
    """What might be left behind: child processes, open files, threads, files."""
    import threading

    found: dict[str, object] = {
        "threads": threading.active_count(),
        "files": sorted(str(path) for path in folder.iterdir()),
        "here": sorted(path.name for path in Path.cwd().iterdir()),
    }
    own = Path("/proc/self")
    if own.exists():
        found["open"] = len(list((own / "fd").iterdir()))
        states = list(Path("/proc").glob("[0-9]*/stat"))
        parents = []
        for path in states:
            try:
                parents.append(int(path.read_text().rpartition(")")[2].split()[1]))
            except OSError:  # it ended meanwhile
                continue
        found["children"] = parents.count(os.getpid())
    return found


def _memory() -> int:
    status = Path("/proc/self/statm")
    if not status.exists():
        return 0
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
