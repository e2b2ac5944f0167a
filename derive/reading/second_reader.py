"""A second reader of LaTeX behind one small interface: ``parse(side) -> tree | Refusal``.

latex2sympy2 is that reader. It cannot be the first: of 348 formulas that it returned on real notes, 263 had
lost or changed meaning without a word (transposes deleted, primes dropped, ``W^{[l]}`` a power). So it is
asked for one side at a time, never for a relation, in a process of its own with limits, and what it returns
is only shown: :mod:`derive.judging.second_opinion` says whether it agrees.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from derive.reading import symbols
from derive.reading.statements import read_formula
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Derivative,
    Divide,
    Indexed,
    List,
    Matrix,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    ProductSign,
    Transpose,
    Tree,
)

PYTHON = "DERIVE_LATEX2SYMPY2_PYTHON"  # the interpreter of another environment in which it is installed
INSTALL = (
    "latex2sympy2 is not installed here: pip install '.[latex2sympy2]' (Python below 3.13), or install it in "
    f"an environment of its own and name that one's interpreter in {PYTHON}"
)
SECONDS = 4  # of processor time for one formula; twice that is waited for
MAX_LENGTH = 600
_WORKER = Path(__file__).with_name("latex2sympy2_worker.py")
_KEPT_OUT = re.compile(
    r"\\(?:text|mbox|operatorname|variable|input|include|write|def|newcommand)|[\"`'@#]|__"
)


@dataclass(frozen=True)
class Refusal:
    """A side that the second reader did not read, and why."""

    reason: str


class SecondReader(Protocol):
    """Anything that reads one side of a relation."""

    name: str

    def parse(self, side: str) -> Tree | Refusal:
        """The tree of one side, or why there is none."""


class MissingReaderError(RuntimeError):
    """The second reader is not installed; the message says how to install it."""


class Latex2Sympy2:
    """latex2sympy2 1.9 in a process of its own; a context manager that ends the process.

    ``python`` is the interpreter to run it in: this one if it has latex2sympy2, else the one that the
    environment variable ``DERIVE_LATEX2SYMPY2_PYTHON`` names. ``seconds`` of processor time are allowed for a
    side. Raises :class:`MissingReaderError` if there is no such interpreter.
    """

    name = "latex2sympy2"

    def __init__(self, python: str | None = None, seconds: int = SECONDS) -> None:
        if os.name != "posix":
            raise MissingReaderError(
                "latex2sympy2 is run in a forked process, which this system does not have"
            )
        here = sys.executable if importlib.util.find_spec("latex2sympy2") is not None else None
        found = python or here or os.environ.get(PYTHON)
        if not found:
            raise MissingReaderError(INSTALL)
        self._python, self._seconds = found, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._start()

    def parse(self, side: str) -> Tree | Refusal:
        """One side, as latex2sympy2 reads it."""
        if len(side) > MAX_LENGTH:
            return Refusal(f"longer than {MAX_LENGTH} characters")
        kept_out = _KEPT_OUT.search(side)
        if kept_out is not None:
            return Refusal(f"not given to it, for it holds {kept_out.group()}")
        found = self._ask({"latex": side})
        if "tree" not in found:
            return Refusal(str(found.get("refused", "no answer")))
        try:
            return tree_of(found["tree"])
        except _NoCounterpart as error:
            return Refusal(f"it returned {error}")

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its forks too
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def __enter__(self) -> Latex2Sympy2:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(
                [self._python, "-I", str(_WORKER), str(self._seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", ""), "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )
        except OSError as error:
            raise MissingReaderError(f"{self._python} cannot be run ({error.strerror or error})") from error
        begun = self._line(60.0)
        if not begun.get("ready"):
            self.close()
            said = begun.get("missing", "it did not start")
            raise MissingReaderError(f"latex2sympy2 cannot be used by {self._python} ({said}); {INSTALL}")

    def _ask(self, question: dict[str, str]) -> dict[str, Any]:
        if self._process is None:
            self._start()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            self.close()
            return {"refused": "its process ended"}
        found = self._line(2.0 * self._seconds + 2)
        if not found:
            self.close()
            return {"refused": f"no answer within {2 * self._seconds + 2} seconds"}
        return found

    def _line(self, seconds: float) -> dict[str, Any]:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        line = process.stdout.readline() if ready else b""
        try:
            found = json.loads(line)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


# ---- SymPy's trees, as the worker writes them, to ours
class _NoCounterpart(Exception):  # noqa: N818 - becomes a Refusal
    """Something in the answer that a formula of ours cannot say."""


_CONSTANTS = {"Exp1": "e", "Pi": "pi", "Infinity": "infty", "ImaginaryUnit": "i"}
_FUNCTIONS = {"Abs": "abs", "ceiling": "ceil", "Max": "max", "Min": "min", "asin": "arcsin", "acos": "arccos"}
_FUNCTIONS |= {"atan": "arctan", "re": "Re", "im": "Im"}
_BIGS = {"Sum": "sum", "Product": "prod", "Integral": "int"}


def tree_of(data: Any) -> Tree:
    """The tree for the worker's plain data.

    >>> from derive.reading import to_latex
    >>> minus_y = ["head", "Mul", ["number", "-1/1"], ["symbol", "y"]]
    >>> to_latex(tree_of(["head", "Add", ["symbol", "x"], minus_y]))
    'x - y'
    """
    kind, *rest = data
    if kind == "symbol":
        return _symbol(rest[0])
    if kind == "number":
        return _number(Fraction(rest[0]))
    if kind == "constant" and rest[0] in _CONSTANTS:
        return Name(_CONSTANTS[rest[0]])
    if kind == "Matrix":
        return Matrix(tuple(tuple(tree_of(item) for item in row[1:]) for row in rest))
    if kind == "list":
        return List(tuple(tree_of(item) for item in rest), "")
    if kind in ("call", "head"):
        made = _HEADS.get(rest[0])
        if made is not None:
            return made(rest[1:])
        if kind == "call":
            function = Name(_FUNCTIONS[rest[0]]) if rest[0] in _FUNCTIONS else _symbol(rest[0])
            return Call(function, tuple(tree_of(item) for item in rest[1:]))
        raise _NoCounterpart(f"a {rest[0]}")
    raise _NoCounterpart(f"a {kind}")


def _symbol(name: str) -> Tree:
    source = f"\\{name}" if re.split(r"[_^]", name)[0] in symbols.GREEK and name.isascii() else name
    found = read_formula(source)
    if any(type(node).__name__ == "Hole" for node in found.walk()):
        raise _NoCounterpart(f"a symbol {name!r}")
    return found


def _number(value: Fraction) -> Tree:
    if value < 0:
        return Negative(_number(-value))
    whole = value.denominator
    while whole % 2 == 0:
        whole //= 2
    while whole % 5 == 0:
        whole //= 5
    if value.denominator == 1 or whole != 1:
        top, bottom = Number(str(value.numerator)), Number(str(value.denominator))
        return top if value.denominator == 1 else Divide(top, bottom)
    places = max(1, value.denominator.bit_length())
    scaled = value * 10**places
    digits = str(scaled.numerator // scaled.denominator).rjust(places + 1, "0")
    return Number(f"{digits[:-places]}.{digits[-places:]}".rstrip("0"))


def _minus_one(data: Any) -> bool:
    return data[0] == "number" and Fraction(data[1]) == -1


def _product(parts: list[Any]) -> Tree:
    minus = any(_minus_one(part) for part in parts)
    factors = [tree_of(part) for part in parts if not _minus_one(part)] or [Number("1")]
    dot: ProductSign = "cdot"
    signs = (dot,) * (len(factors) - 1)
    made = factors[0] if len(factors) == 1 else Multiply(tuple(factors), signs)
    return Negative(made) if minus else made


def _sum(parts: list[Any]) -> Tree:
    return Add(tuple(tree_of(part) for part in parts))


def _power(parts: list[Any]) -> Tree:
    base, exponent = parts
    if _minus_one(exponent):
        return Divide(Number("1"), tree_of(base))
    return Power(tree_of(base), tree_of(exponent))


def _log(parts: list[Any]) -> Tree:
    argument = tree_of(parts[0])
    if len(parts) == 1 or parts[1] == ["constant", "Exp1"]:
        return Call(Name("ln"), (argument,))
    return Call(Indexed(Name("log"), (tree_of(parts[1]),)), (argument,))


def _derivative(parts: list[Any]) -> Tree:
    by: list[Tree] = []
    for part in parts[1:]:
        times = (
            int(Fraction(part[2][1])) if part[0] == "list" and len(part) > 2 and part[2][0] == "number" else 1
        )
        by += [tree_of(part[1] if part[0] == "list" else part)] * min(times, 9)
    return Derivative(tree_of(parts[0]), tuple(by), "partial")


def _big(operator: str) -> Callable[[list[Any]], Tree]:
    def made(parts: list[Any]) -> Tree:
        body, *limits = parts
        if len(limits) != 1:
            raise _NoCounterpart(f"a {operator} over {len(limits)} variables")
        variable, *bounds = [tree_of(item) for item in limits[0][1:]]
        low, high = bounds if len(bounds) == 2 else (None, None)
        return Big(operator, (variable,), low, high, tree_of(body))

    return made


def _transpose(parts: list[Any]) -> Tree:
    return Transpose(tree_of(parts[0]))


_HEADS: dict[str, Callable[[list[Any]], Tree]] = {
    "Add": _sum,
    "MatAdd": _sum,
    "Mul": _product,
    "MatMul": _product,
    "Pow": _power,
    "MatPow": _power,
    "log": _log,
    "Derivative": _derivative,
    "Transpose": _transpose,
    **{head: _big(operator) for head, operator in _BIGS.items()},
}
