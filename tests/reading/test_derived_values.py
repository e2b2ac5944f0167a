"""Printed definitions, read back and worked out by plain loops, have the values of the definitions."""

import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import derive
from derive.derivation.derivation import UnknownVariableError
from derive.ops import catalogue
from derive.reading import read_document
from derive.reading.tree import (
    Add,
    Big,
    Call,
    Cases,
    Divide,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Relation,
)

sys.path.insert(0, str(Path(__file__).parent.parent / "tensor"))
loop_oracle = pytest.importorskip("loop_oracle")

CALLS = {"exp": np.exp, "tanh": np.tanh, "log": np.log, "sqrt": np.sqrt, "abs": abs, "max": max}


class NotComparable(Exception):  # noqa: N818 - a reason, no error
    """What the loops below do not work out."""


def key(tree):
    """A name as the tests call it: its letters and marks."""
    if isinstance(tree, Name):
        return tree.text + "".join(tree.marks)
    if isinstance(tree, Indexed) and isinstance(tree.base, Name) and not tree.upper:
        return key(tree.base)
    raise NotComparable(f"a name written as {type(tree).__name__}")


def extents(tree, arrays):
    """How far every index letter runs, from the arrays that it stands at."""
    found = {}
    for node in tree.walk():
        if isinstance(node, Indexed) and key(node) in arrays:
            shape = arrays[key(node)].shape
            if len(shape) != len(node.lower):
                raise NotComparable("a name with a label of its own")
            found |= {i.text: n for i, n in zip(node.lower, shape, strict=True) if isinstance(i, Name)}
    return found


def worth(tree, at, arrays, ends):
    match tree:
        case Number():
            return float(tree.value)
        case Name() if tree.text in at:
            return at[tree.text]
        case Name():
            if key(tree) not in arrays or arrays[key(tree)].shape:
                raise NotComparable(f"the letter {key(tree)} has no value")
            return arrays[key(tree)][()]
        case Indexed():
            if key(tree) not in arrays or len(tree.lower) != arrays[key(tree)].ndim:
                raise NotComparable("a name with a label of its own")
            place = tuple(round(worth(index, at, arrays, ends)) for index in tree.lower)
            inside = all(0 <= i < n for i, n in zip(place, arrays[key(tree)].shape, strict=True))
            return arrays[key(tree)][place] if inside else 0.0
        case Add(terms=terms):
            return sum(worth(term, at, arrays, ends) for term in terms)
        case Negative(operand=operand):
            return -worth(operand, at, arrays, ends)
        case Multiply(factors=factors, signs=signs) if set(signs) <= {"", "cdot"}:
            return math.prod(worth(factor, at, arrays, ends) for factor in factors)
        case Divide(numerator=above, denominator=below):
            return worth(above, at, arrays, ends) / worth(below, at, arrays, ends)
        case Power(base=Name(text="e"), exponent=exponent):
            return np.exp(worth(exponent, at, arrays, ends))
        case Power(base=base, exponent=exponent):
            return worth(base, at, arrays, ends) ** worth(exponent, at, arrays, ends)
        case Call(function=Name(text=name), arguments=arguments) if name in CALLS:
            return CALLS[name](*(worth(argument, at, arrays, ends) for argument in arguments))
        case Big(operator="sum", variables=variables, lower=None, upper=None, domain=None, condition=None):
            letters = [key(variable) for variable in variables]
            if not set(letters) <= ends.keys():
                raise NotComparable("a sum whose end is not told")
            return sum(
                worth(tree.body, at | dict(zip(letters, place, strict=True)), arrays, ends)
                for place in itertools.product(*(range(ends[letter]) for letter in letters))
            )
        case Cases(branches=branches):
            for value, when in branches:
                if when is None or holds(when, at, arrays, ends):
                    return worth(value, at, arrays, ends)
    raise NotComparable(type(tree).__name__)


def holds(tree, at, arrays, ends):
    if not isinstance(tree, Relation) or tree.sign not in SIGNS:
        raise NotComparable("a condition that is no comparison")
    return SIGNS[tree.sign](worth(tree.left, at, arrays, ends), worth(tree.right, at, arrays, ends))


SIGNS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "=": np.equal}
#: How the printed definitions write some settings.
WRITTEN = {"epsilon": "eps"}
SIZES = (2, 3, 5, 7, 11, 13)


def compared(name):
    """How many lines of a definition were compared; raises NotComparable if none can be."""
    operation = derive.operation(name)
    program = operation.definition.program
    latex = None
    for wrt in operation.inputs:
        try:
            latex = operation.gradient(wrt).to_latex()
            break
        except UnknownVariableError:
            continue
    if latex is None:
        raise NotComparable("nothing is derived")
    numbers = {str(size): SIZES[at] for at, size in enumerate(program.sizes()[: len(SIZES)])}
    if len(program.sizes()) > 4 or program.derived_sizes:
        raise NotComparable("more than four sizes, or sizes that follow from others")
    numbers |= {str(setting): 0.5 for setting in program.settings()}
    rng = np.random.default_rng(17)
    world = loop_oracle.World(numbers, {})
    arrays = {tensor.name: rng.uniform(0.2, 0.8, world.shape(tensor)) for tensor in program.inputs}
    try:
        everything = loop_oracle.run(program, arrays, numbers)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise NotComparable(f"given indices or settings that are no numbers: {error!r}") from error
    everything = everything.arrays if hasattr(everything, "arrays") else everything
    known = {name_: np.asarray(values).real for name_, values in everything.items()}
    count = 0
    for statement in read_document(latex, "derivation.tex").statements[: len(program.statements)]:
        left, right = (side.tree for side in statement.sides[:2])
        values = dict(known)
        values |= {
            setting: np.asarray(number) for setting, number in numbers.items() if setting not in values
        }
        values |= {shown: values[setting] for shown, setting in WRITTEN.items() if setting in values}
        values.setdefault("pi", np.asarray(math.pi))
        target = key(left)
        if target not in values:
            raise NotComparable(f"the line of {target} is called otherwise")
        letters = [key(index) for index in left.lower] if isinstance(left, Indexed) else []
        ends = extents(right, values) | dict(zip(letters, values[target].shape, strict=True))
        for place in itertools.product(*(range(end) for end in values[target].shape)):
            got = worth(right, dict(zip(letters, place, strict=True)), values, ends)
            assert got == pytest.approx(values[target][place], rel=1e-9), (name, target, place)
        count += 1
    return count


@pytest.mark.slow
def test_definitions_read_back_have_the_values_of_the_definitions() -> None:
    """What cannot be compared is printed with its reason: ``pytest -s``."""
    right, reasons = {}, {}
    for name in catalogue.names():
        try:
            right[name] = compared(name)
        except NotComparable as reason:
            reasons[name] = str(reason)
    print(f"\ncompared: {right}\nnot compared: {reasons}")
    assert len(right) >= 60, reasons
