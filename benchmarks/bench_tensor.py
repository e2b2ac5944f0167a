"""Derivations in general dimension, warm: each should take under 100 ms.

    python -m pytest benchmarks/bench_tensor.py --benchmark-only

"Warm" is a fresh derivation in a loaded process: what the calculus remembers of a program is cleared before
each round, SymPy's own cache is left as a session would have it. Times are printed and not asserted.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "tensor"))
import definitions

from derive.tensor import calculus, names, nodes, simplify
from derive.tensor.numeric import compile_statements

CACHES = [
    function
    for module in (calculus, names, nodes, simplify)
    for function in vars(module).values()
    if hasattr(function, "cache_clear")
]


def _forget():
    for function in CACHES:
        function.cache_clear()


def _vjp(program):
    return calculus.vjp(program, program.inputs)


def _jacobian(program):
    return calculus.jacobian(program, program.output, program.inputs[0])


def _second(program):
    return calculus.second_derivative(program, program.output, program.inputs[0])


SECOND = ("softmax", "cross entropy", "quadratic form", "sigmoid", "tanh by exponentials", "attention")
ASKED = [
    pytest.param(make, ask, id=f"{name}, {ask.__name__[1:]}")
    for name, make in definitions.EVERY.items()
    for ask in (_vjp, _jacobian, _second)
    if ask is not _second or name in SECOND
]


@pytest.mark.parametrize(("make", "ask"), ASKED)
def test_derivation(benchmark, make, ask):
    program = make()
    ask(program)
    benchmark.pedantic(ask, args=(program,), setup=_forget, rounds=5)


@pytest.mark.parametrize("name", ["attention", "batch norm", "gated cell"])
def test_compiling(benchmark, name):
    program = definitions.EVERY[name]()
    derived = _vjp(program)
    inputs = (*program.inputs, *derived.seeds)
    settings = [symbol.name for symbol in program.settings()]
    benchmark(compile_statements, inputs, (*program.everything, *derived.statements), settings)
