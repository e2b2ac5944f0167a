"""Convolution forward and backward in float64 beside PyTorch, in the same process on the same threads.

    python benchmarks/bench_convolution.py [threads]

The two take turns, and the least of several times counts: whatever else runs on the machine disturbs both.
The aim is a ratio of at most 1.25. The memory printed is what forward and backward allocate at their peak,
results included, beside the bound: input + output + the unfolded windows of one image.
"""

import os
import sys
import time
import tracemalloc
from functools import partial

THREADS = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].isdigit() else "1"
if __name__ == "__main__":  # before NumPy starts its threads
    for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[_variable] = THREADS

import numpy as np  # noqa: E402

from derive import execution  # noqa: E402

ROUNDS = 7
# N, C, H = W, O, kernel, stride, padding
SHAPES = [
    (8, 64, 56, 64, 3, 1, 1),
    (8, 128, 28, 128, 3, 1, 1),
    (8, 256, 14, 256, 3, 1, 1),
    (8, 3, 224, 64, 7, 2, 3),
    (8, 256, 28, 64, 1, 1, 0),
]


def make_runs(torch, shape):
    """Two calls without arguments, ours and PyTorch's, and what the working memory may be in bytes."""
    N, C, H, O, k, stride, padding = shape
    random = np.random.default_rng(0)
    inputs = {
        "x": random.standard_normal((N, C, H, H)),
        "W": random.standard_normal((O, C, k, k)),
        "b": random.standard_normal(O),
    }
    settings = {"stride": stride, "padding": padding}
    upstream = random.standard_normal(execution.forward("conv2d", inputs, **settings).shape)
    places = upstream.shape[2] * upstream.shape[3]
    bound = inputs["x"].nbytes + upstream.nbytes + 8 * C * k * k * places

    def ours():
        value = execution.forward("conv2d", inputs, **settings)
        return value, execution.backward("conv2d", inputs, upstream, **settings)

    tensors = [torch.tensor(a, requires_grad=True) for a in inputs.values()]
    seed = torch.tensor(upstream)

    def theirs():
        for tensor in tensors:
            tensor.grad = None
        result = torch.nn.functional.conv2d(*tensors, stride, padding)
        result.backward(seed)
        return result

    return ours, theirs, bound, (inputs, upstream, settings)


def least_seconds(runs):
    """The least time of each call, taken in turns."""
    least = [float("inf")] * len(runs)
    kept = [run() for run in runs]
    for _ in range(ROUNDS):
        for place, run in enumerate(runs):
            start = time.perf_counter()
            kept[place] = run()
            least[place] = min(least[place], time.perf_counter() - start)
    return least


def peak_bytes(run):
    """What a call allocates at its peak, beyond what was there before."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main():
    import torch

    torch.set_num_threads(int(THREADS))
    print(f"{THREADS} threads; N, C, H, O, kernel, stride, padding")
    for shape in SHAPES:
        ours, theirs, bound, (inputs, upstream, settings) = make_runs(torch, shape)
        mine, other = least_seconds([ours, theirs])
        value = peak_bytes(partial(execution.forward, "conv2d", inputs, **settings))
        gradients = peak_bytes(partial(execution.backward, "conv2d", inputs, upstream, **settings))
        print(
            f"{shape}: {mine * 1e3:.1f} ms, PyTorch {other * 1e3:.1f} ms, ratio {mine / other:.2f}; peak "
            f"memory forward {value / 1e6:.1f}, backward {gradients / 1e6:.1f}, bound {bound / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
