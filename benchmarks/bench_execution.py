"""Forward and backward of the executor at a realistic size, beside PyTorch in the same process.

    python -m pytest benchmarks/bench_execution.py -s

The ratio is printed and not asserted: it depends on the machine, on PyTorch's threads and on NumPy's BLAS.
Both compute value and all gradients in float32; PyTorch runs on as many threads as it chooses.
"""

import time

import numpy as np
import pytest

from derive import execution

BATCH, FEATURES, CLASSES = 256, 1024, 1000
ROUNDS = 15


def _inputs(name):
    random = np.random.default_rng(0)

    def normal(*shape):
        return random.standard_normal(shape, dtype=np.float32)

    if name == "softmax":
        return {"x": normal(BATCH, CLASSES)}
    if name == "linear":
        return {"x": normal(BATCH, FEATURES), "W": normal(CLASSES, FEATURES), "b": normal(CLASSES)}
    return {"z": normal(BATCH, CLASSES), "c": random.integers(0, CLASSES, BATCH)}


def _torch_run(torch, name, inputs, upstream):
    functional = torch.nn.functional
    calls = {
        "softmax": lambda x: torch.softmax(x, -1),
        "linear": functional.linear,
        "cross_entropy_index": lambda z, c: functional.cross_entropy(z, c, reduction="none"),
    }
    tensors = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in inputs.values()]
    seed = torch.tensor(upstream)

    def run():
        for tensor in tensors:
            tensor.grad = None
        result = calls[name](*tensors)
        result.backward(seed)
        return result

    return run


def _median_seconds(run):
    kept = run()  # the first call pays for threads and buffers
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        # Keeping the result, as a user would, also keeps the allocator from returning its memory each time.
        kept = run()
        times.append(time.perf_counter() - start)
    del kept
    return float(np.median(times))


@pytest.mark.parametrize("name", ["softmax", "linear", "cross_entropy_index"])
def test_forward_and_backward(name, benchmark):
    inputs = _inputs(name)
    upstream = np.ones_like(execution.forward(name, inputs))

    def run():
        return execution.forward(name, inputs), execution.backward(name, inputs, upstream)

    benchmark(run)
    torch = pytest.importorskip("torch")
    own, theirs = _median_seconds(run), _median_seconds(_torch_run(torch, name, inputs, upstream))
    benchmark.extra_info["ratio_to_torch"] = own / theirs
    print(f"\n{name}: {own * 1e3:.2f} ms, PyTorch {theirs * 1e3:.2f} ms, ratio {own / theirs:.2f}")
