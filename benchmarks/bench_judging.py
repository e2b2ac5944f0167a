"""How many claims a second the judge takes, what a worker costs, and a peer on the same pairs.

Run with ``make bench``. The aims are 300 claims a second on one core and under 10 ms for a worker; numbers
are processor time where they may be, for the machine may have other work. The peer is math-verify, in an
environment of its own (``pip install 'math-verify[antlr4_13_2]'``): ``MATH_VERIFY_PYTHON`` is its Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from derive.judging import compare
from derive.judging.isolation import POOL, allowing
from derive.judging.limits import Meter, metered

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "judging"))
from pair_table import pairs

PAIRS = pairs()
RIGHT = ("correct", "rounded")

PEER = r"""
import json, sys, time
from math_verify import parse, verify
print("ready", flush=True)
for left, right in json.loads(sys.stdin.read()):
    begun = time.process_time()
    try:
        same = bool(verify(parse(f"${left}$"), parse(f"${right}$")))
    except Exception as error:
        same = None
    print(json.dumps([same, time.process_time() - begun]), flush=True)
"""


def test_claims_a_second(benchmark):
    for pair in PAIRS:  # loaded and warm
        pair.judge()
    times = []

    def judge():
        for pair in PAIRS:
            begun = time.process_time()
            pair.judge()
            times.append((time.process_time() - begun, pair.title))

    benchmark.pedantic(judge, rounds=3)
    print(f"\n{len(times) / sum(seconds for seconds, _ in times):,.0f} claims a second of one core")
    begun = time.process_time()
    for pair in PAIRS:
        with metered(Meter()):  # nothing goes to a worker, whose time would not be seen
            pair.judge()
    print(f"{len(PAIRS) / (time.process_time() - begun):,.0f} with what workers do besides")
    for seconds, title in sorted(times, reverse=True)[:15:3]:
        print(f"  {1000 * seconds:6.1f} ms  {title}")


def test_a_worker(benchmark):
    pair = (r"\tanh x", r"2\sigma(2x) - 1")
    with allowing(always=True):
        compare(*pair)
        benchmark(compare, *pair)
    there = benchmark.stats["min"]
    here = []
    for _ in range(50):
        begun = time.perf_counter()
        compare(*pair)
        here.append(time.perf_counter() - begun)
    print(f"\na worker adds {1000 * (there - min(here)):.2f} ms to a claim of {1000 * min(here):.2f} ms")
    POOL.close()


def test_the_peer():
    python = os.environ.get("MATH_VERIFY_PYTHON")
    if python is None:
        pytest.skip("MATH_VERIFY_PYTHON does not name a Python with math-verify")
    asked = [pair for pair in PAIRS if pair.verdict in (*RIGHT, "wrong") and pair.relation == "="]
    done = subprocess.run(
        [python, "-c", PEER],
        input=json.dumps([[pair.left, pair.right] for pair in asked]),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = [json.loads(line) for line in done.stdout.splitlines()[1:]]
    ours = []
    for pair in asked:
        begun = time.process_time()
        verdict = pair.judge().verdict
        same = True if verdict in RIGHT else False if verdict == "wrong" else None
        ours.append([same, time.process_time() - begun])
    for name, answers in (("derive", ours), ("math-verify", theirs)):
        counts = Counter(
            "right"
            if same == (pair.verdict in RIGHT)
            else "accepted wrongly"
            if same
            else "rejected or unsaid"
            for pair, (same, _) in zip(asked, answers, strict=True)
        )
        mean = 1000 * sum(seconds for _, seconds in answers) / len(answers)
        print(f"\n{name}: {dict(counts)} of {len(asked)}, {mean:.2f} ms a claim")
