"""The conventions under which networks are counted; every output says which are in force.

What is counted never changes; a convention says which of the counts are added up to "the" parameters or "the"
operations of a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from derive.counting.formulas import Size
from derive.counting.layers import Conventions
from derive.graphs.network import NetworkError
from derive.suggest import unknown

Totals = Mapping[str, Size]


@dataclass(frozen=True)
class Choice:
    """One way to add up: its name, what it says, and the sum over the totals."""

    name: str
    words: str
    value: Callable[[Totals], Size]


OPERATIONS = {
    one.name: one
    for one in (
        Choice(
            "mac", "multiply-adds: one multiplication with its addition is one", lambda t: t["multiply_adds"]
        ),
        Choice(
            "mac+bias",
            "multiply-adds, and one for every bias that is added",
            lambda t: t["multiply_adds"] + t["bias_additions"],
        ),
        Choice("2mac", "2 for every multiply-add", lambda t: 2 * t["multiply_adds"]),
        Choice(
            "2mac+bias",
            "2 for every multiply-add, and one for every bias that is added",
            lambda t: 2 * t["multiply_adds"] + t["bias_additions"],
        ),
        Choice(
            "mac-attention",
            "multiply-adds of layers with weights: without those of attention, which grow with n^2",
            lambda t: t["multiply_adds"] - t["attention_multiply_adds"],
        ),
        Choice("multiplications", "multiplications", lambda t: t["multiplications"]),
        Choice("additions", "additions, those of the biases included", lambda t: t["additions"]),
        Choice(
            "exact",
            "n multiplications and n - 1 additions for a sum of n products, and one addition for each bias",
            lambda t: t["multiplications"] + t["additions"],
        ),
        Choice(
            "all",
            "every operation: multiplications, additions, divisions, functions, comparisons, activations and "
            "those of normalisation",
            lambda t: (
                t["multiplications"]
                + t["additions"]
                + t["divisions"]
                + t["comparisons"]
                + t["activation_evaluations"]
                + t["normalisation_operations"]
            ),
        ),
    )
}
PARAMETERS = {
    one.name: one
    for one in (
        Choice("all", "all parameters; running means and variances apart", lambda t: t["parameters"]),
        Choice("trainable", "parameters that are trained", lambda t: t["trainable"]),
        Choice(
            "with-buffers",
            "parameters and running means and variances (4C for a batch normalisation, as Keras says)",
            lambda t: t["parameters"] + t["buffers"],
        ),
    )
}
BIASES = {
    "2": "recurrent layers have two biases a gate (PyTorch)",
    "1": "recurrent layers have one bias a gate (textbooks, Keras)",
}
THOUSANDS = {"1000": "K = 1000", "1024": "K = 1024"}
DTYPES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
OPTIMISERS = {
    "none": (0, "no training state"),
    "sgd": (0, "SGD keeps nothing"),
    "momentum": (1, "SGD with momentum keeps one number for each parameter"),
    "adam": (2, "Adam keeps two numbers for each parameter"),
}
"""Numbers that an optimiser keeps for each parameter."""

CHOICES: Mapping[str, Iterable[str]] = {
    "operations": OPERATIONS,
    "parameters": PARAMETERS,
    "biases": BIASES,
    "K": THOUSANDS,
    "dtype": DTYPES,
    "optimiser": OPTIMISERS,
}


@dataclass(frozen=True)
class InForce:
    """The conventions in force, by their names."""

    chosen: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str) -> str:
        return {**DEFAULTS, **self.chosen}[key]

    @property
    def network(self) -> Conventions:
        """Those that change what a network has."""
        return Conventions(recurrent_biases=int(self["biases"]))

    @property
    def operations(self) -> Choice:
        """What is called the operations."""
        return OPERATIONS[self["operations"]]

    @property
    def parameters(self) -> Choice:
        """What is called the parameters."""
        return PARAMETERS[self["parameters"]]

    @property
    def words(self) -> dict[str, str]:
        """Each convention in force, in words."""
        return {
            "operations": self.operations.words,
            "parameters": self.parameters.words,
            "biases": BIASES[self["biases"]],
            "K": THOUSANDS[self["K"]],
            "dtype": f"{self['dtype']}, {DTYPES[self['dtype']]} bytes a number",
            "optimiser": OPTIMISERS[self["optimiser"]][1],
        }


DEFAULTS = {
    "operations": "mac",
    "parameters": "all",
    "biases": "2",
    "K": "1000",
    "dtype": "float32",
    "optimiser": "adam",
}


def conventions_from(texts: Iterable[str]) -> InForce:
    """Conventions as they are written: ``mac+bias``, ``biases=1``, ``K=1024``.

    Raises :class:`~derive.graphs.network.NetworkError` for one that there is not.

    >>> conventions_from(["2mac", "biases=1"])["biases"]
    '1'
    """
    chosen: dict[str, str] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            found = [name for name, values in CHOICES.items() if key in values]
            if not found:
                every = [value for values in CHOICES.values() for value in values]
                raise NetworkError(unknown("convention", key, every))
            key, value = found[0], key
        if key not in CHOICES:
            raise NetworkError(unknown("convention", key, CHOICES))
        if value not in CHOICES[key]:
            raise NetworkError(unknown(f"value of {key}", value, CHOICES[key]))
        chosen[key] = value
    return InForce(chosen)
