"""Cold starts of the command line, each in a process of its own: the best of a few runs, against its limit.

make bench
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5

# Seconds that the project promises, on the two cores of its CI.
LIMITS = [
    (["--help"], 0.3),
    (["problems"], 1.0),
    (["graph", "1/(1 + exp(-(w_0 x_0 + w_1)))", "w_0=2", "x_0=-1", "w_1=-3"], 2.0),
    (["solve", "three-scores"], 2.0),
    (["compare", r"\tanh x", r"2\sigma(2x) - 1"], 2.0),
    (["show", "softmax", "--wrt", "x"], 2.0),
    (["check", "examples/softmax_student.md"], 2.0),
]


@pytest.mark.parametrize(("arguments", "limit"), LIMITS, ids=[arguments[0] for arguments, _ in LIMITS])
def test_cold_start(arguments: list[str], limit: float) -> None:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "derive", *arguments], cwd=ROOT, capture_output=True, check=False
        )
        times.append(time.perf_counter() - start)
        assert done.returncode == 0, done.stderr.decode()
    print(f"\nderive {' '.join(arguments)}: {min(times):.3f} s (limit {limit} s)")
    assert min(times) < limit
