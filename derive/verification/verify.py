"""Hold a derived gradient against routes that share no code with it.

The derived formula is compiled to NumPy; the executor has its own forward and a hand-written backward, and
its forward is differentiated numerically, by the complex step where it is analytic and by five-point
differences elsewhere; PyTorch differentiates its own implementation. An error is the largest deviation
relative to the gradient's largest entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from multiprocessing import get_context
from typing import Any, Literal

import numpy as np

from derive import execution
from derive.derivation import derive_gradient
from derive.ops import names, operation
from derive.ops.definition import Input, Operation
from derive.verification import torch_witness
from derive.verification.samples import Setting, draw, settings_of

TOLERANCES = {
    "hand-written": 1e-11,
    "complex step": 1e-11,
    "five-point": 1e-8,
    "PyTorch": 1e-10,
    "Jacobian": 1e-11,
}
"""How far each witness may be from the derived gradient, relative to its largest entry."""

SEED = 20240614

_derived = lru_cache(maxsize=1024)(derive_gradient)
"""One derivation serves every setting: it is general."""


@dataclass(frozen=True)
class Verification:
    """One derived gradient held against its witnesses, at one setting.

    ``witnesses`` maps each witness to the largest relative error; ``absent`` says which could not be asked,
    and why.
    """

    operation: str
    wrt: str
    order: int
    setting: str
    witnesses: Mapping[str, float]
    absent: Mapping[str, str]

    @property
    def agrees(self) -> bool:
        """Whether every witness is within its tolerance, and there is one at all."""
        within = [error <= TOLERANCES[name] for name, error in self.witnesses.items()]
        return bool(within) and all(within)

    def to_dict(self) -> dict[str, Any]:
        return {
            "operation": self.operation,
            "wrt": self.wrt,
            "order": self.order,
            "setting": self.setting,
            # JSON has no infinity, which is what a witness of another shape is off by
            "witnesses": {name: error if isfinite(error) else None for name, error in self.witnesses.items()},
            "absent": dict(self.absent),
            "agrees": self.agrees,
        }


def relative_error(derived: np.ndarray, witness: np.ndarray) -> float:
    """The largest deviation relative to the witness's largest entry; infinite where shapes disagree."""
    derived, witness = np.asarray(derived), np.asarray(witness)
    if derived.shape != witness.shape or not (np.isfinite(derived).all() and np.isfinite(witness).all()):
        return float("inf")
    scale = float(np.max(np.abs(witness), initial=0.0)) or 1.0
    return float(np.max(np.abs(derived - witness), initial=0.0)) / scale


def verify_all(
    chosen: Sequence[str] | None = None, progress: Callable[[str], None] | None = None, jobs: int = 1
) -> Iterator[Verification]:
    """Verify every operation by every input, first derivatives and (where they are checked) second.

    ``jobs`` processes share the work; ``progress`` is called with the name of each operation that is done.
    """
    wanted = list(chosen or names())
    jobs = min(jobs, len(wanted) // _WORTH_A_PROCESS)
    if jobs < 2:
        results = map(_verify_named, wanted)
        yield from _reported(wanted, results, progress)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        yield from _reported(wanted, pool.map(_verify_named, wanted), progress)


_WORTH_A_PROCESS = 10
"""Operations for which another process, which has everything to import first, saves time."""


def _reported(
    wanted: Sequence[str], results: Iterable[list[Verification]], progress: Callable[[str], None] | None
) -> Iterator[Verification]:
    for name, found in zip(wanted, results, strict=True):
        if progress is not None:
            progress(name)
        yield from found


def _verify_named(name: str) -> list[Verification]:
    return list(verify(operation(name)))


def _one_thread() -> None:
    """Processes that share the cores each use one thread: arrays here are small."""
    if torch_witness.available():
        import torch

        torch.set_num_threads(1)


def verify(one: Operation) -> Iterator[Verification]:
    """All verifications of one operation."""
    for number, setting in enumerate(settings_of(one)):
        rng = np.random.default_rng([SEED, number])
        inputs = draw(one, setting, rng)
        for variable in one.differentiable:
            yield _first(one, variable, setting, inputs, rng)
            if _has_second(one, variable):
                yield _second(one, variable, setting, inputs)


def _first(
    one: Operation, variable: Input, setting: Setting, inputs: dict[str, np.ndarray], rng: np.random.Generator
) -> Verification:
    settings: dict[str, Any] = dict(setting.keywords)

    def forward(given: Mapping[str, Any]) -> np.ndarray:
        return execution.forward(one.name, given, **settings)

    value = np.asarray(forward(inputs))
    upstream = rng.normal(size=value.shape)
    gradient = _derived(one, variable.name, upstream=True)
    (seed,) = gradient.derived.seeds  # called g, with primes where an input is called so
    derived = gradient.numpy(inputs, **{seed.name: upstream}, **setting.parameters)
    if one.is_elementwise:  # one number, where it is the same whatever the input
        derived = np.broadcast_to(derived, value.shape)
    errors = {"hand-written": execution.backward(one.name, inputs, upstream, **settings)[variable.name]}
    absent: dict[str, str] = {}
    if execution.find(one.name).analytic:
        errors["complex step"] = execution.complex_step(forward, inputs, variable.name, upstream)
    else:
        errors["five-point"] = execution.five_point(forward, inputs, variable.name, upstream)
        absent["complex step"] = "the function has a kink, or erf, and takes no complex numbers"
    if one.output.rank + (variable.tensor.rank if variable.tensor else 0) <= 2:
        jacobian = _derived(one, variable.name, upstream=False)
        errors["Jacobian"] = _contract(jacobian.numpy(inputs, **setting.parameters), upstream, one)
    if not torch_witness.available():
        absent["PyTorch"] = "it is not installed"
    else:
        found = torch_witness.gradients(one.name, inputs, upstream, settings)
        if found is None:
            absent["PyTorch"] = "it has no such operation"
        else:
            errors["PyTorch"] = found[variable.name]
    return Verification(
        one.name,
        variable.name,
        1,
        str(setting),
        {name: relative_error(derived, witness) for name, witness in errors.items()},
        absent,
    )


def _contract(jacobian: np.ndarray, upstream: np.ndarray, one: Operation) -> np.ndarray:
    """``g J``, the Jacobian having been derived by another route than the gradient behind ``g``."""
    if one.is_elementwise:
        return jacobian * upstream
    return np.tensordot(upstream, jacobian, axes=upstream.ndim)


def _has_second(one: Operation, variable: Input) -> bool:
    """Second derivatives are verified of functions of a number and of functions of one vector."""
    assert variable.tensor is not None
    if one.is_elementwise:
        return True
    return variable.tensor.rank == 1 and one.output.rank <= 1 and not one.parameters


def _second(one: Operation, variable: Input, setting: Setting, inputs: dict[str, np.ndarray]) -> Verification:
    """The derived second derivative against differences of the executor's hand-written gradient."""
    derived = _derived(one, variable.name, order=2).numpy(inputs, **setting.parameters)
    analytic = execution.find(one.name).analytic
    method: Literal["complex-step", "five-point"] = "complex-step" if analytic else "five-point"
    value = np.asarray(execution.forward(one.name, inputs, **setting.keywords))

    def gradient(given: Mapping[str, Any], upstream: np.ndarray) -> np.ndarray:
        return execution.backward(one.name, given, upstream, **setting.keywords)[variable.name]

    def second(upstream: np.ndarray) -> np.ndarray:
        return execution.jacobian(
            lambda given: gradient(given, upstream), inputs, variable.name, method=method
        )

    if one.is_elementwise:
        numeric = np.diagonal(second(np.ones_like(value)))
        derived = np.broadcast_to(derived, numeric.shape)
    else:
        units = np.eye(value.size).reshape(value.size, *value.shape)
        numeric = np.stack([second(unit) for unit in units]).reshape(
            *value.shape, *inputs[variable.name].shape, *inputs[variable.name].shape
        )
    witness = "complex step" if analytic else "five-point"
    return Verification(
        one.name, variable.name, 2, str(setting), {witness: relative_error(derived, numeric)}, {}
    )
