"""Random programs in a language of their own: tuples, evaluated by naive loops, and put into the calculus.

The language shares nothing with ``derive.tensor``, so that an error in the constructor of a sum or a bracket
cannot hide. An affine index is ``(constant, ((letter, coefficient), ...))``; an expression one of

    ("number", p, q)  ("size", name)  ("index", letter)  ("read", tensor, affine, ...)  ("delta", affine)
    ("add", a, b)  ("times", a, b)  ("over", a, b)  ("power", a, p, q)  ("raise", a, b)
    ("call", function, a)  ("cases", condition, a, b)  ("sum", letter, size, a)

A program is ``(inputs, statements)``: an input ``(name, sizes, positive)``, a statement
``(name, ((letter, size), ...), expression)``; the last statement is the output.
"""

import cmath
import itertools

import numpy as np
import sympy as sp

from derive.tensor.index import Index, size
from derive.tensor.nodes import Bracket, Elementwise, IfPositive, Sum, Tensor
from derive.tensor.program import Program, Statement

_t = sp.Symbol("t", real=True)
SIGMOID = Elementwise("sigmoid", _t, 1 / (1 + sp.exp(-_t)))
BUMP = Elementwise("bump", _t, _t / (1 + _t**2))
SWISH = Elementwise("swish", _t, _t / (1 + sp.exp(-_t)))

CALLS = {
    "exp": (cmath.exp, sp.exp),
    "tanh": (cmath.tanh, sp.tanh),
    "log": (cmath.log, sp.log),
    "sin": (cmath.sin, sp.sin),
    "tanh by exponentials": (cmath.tanh, lambda u: (sp.exp(u) - sp.exp(-u)) / (sp.exp(u) + sp.exp(-u))),
    "logistic": (lambda z: 1 / (1 + cmath.exp(-z)), lambda u: 1 / (1 + sp.exp(-u))),
    "sigmoid": (lambda z: 1 / (1 + cmath.exp(-z)), SIGMOID),
    "bump": (lambda z: z / (1 + z * z), BUMP),
    "swish": (lambda z: z / (1 + cmath.exp(-z)), SWISH),
}
POSITIVE_ONLY = {"log"}


# --- worth, by loops -------------------------------------------------------------------------------------


class NearKinkError(Exception):
    """A condition so near zero that rounding decides it."""


def compiled(expression, sizes):
    """A function of (arrays, letters) for an expression."""
    kind, *rest = expression
    if kind == "number":
        number = rest[0] / rest[1]
        return lambda arrays, at: number
    if kind == "size":
        extent = sizes[rest[0]]
        return lambda arrays, at: extent
    if kind == "index":
        return lambda arrays, at: at[rest[0]]
    if kind == "read":
        name, *affines = rest
        return lambda arrays, at: _read(arrays[name], [_place(one, at) for one in affines])
    if kind == "delta":
        return lambda arrays, at: 1 if _place(rest[0], at) == 0 else 0
    if kind == "power":
        inner, exponent, whole = compiled(rest[0], sizes), rest[1] / rest[2], rest[2] == 1
        if whole:
            return lambda arrays, at: inner(arrays, at) ** rest[1]
        return lambda arrays, at: cmath.exp(exponent * cmath.log(inner(arrays, at)))
    if kind == "call":
        function, inner = CALLS[rest[0]][0], compiled(rest[1], sizes)
        return lambda arrays, at: function(inner(arrays, at))
    if kind == "cases":
        condition, then, otherwise = (compiled(one, sizes) for one in rest)

        def choose(arrays, at):
            test = condition(arrays, at)
            if 0 < abs(test) < 1e-6:
                raise NearKinkError
            return then(arrays, at) if test.real > 0 else otherwise(arrays, at)

        return choose
    if kind == "sum":
        letter, extent, inner = rest[0], sizes[rest[1]], compiled(rest[2], sizes)

        def add_up(arrays, at):
            total = 0
            for place in range(extent):
                total = total + inner(arrays, {**at, letter: place})
            return total

        return add_up
    left, right = (compiled(one, sizes) for one in rest)
    return {
        "add": lambda arrays, at: left(arrays, at) + right(arrays, at),
        "times": lambda arrays, at: left(arrays, at) * right(arrays, at),
        "over": lambda arrays, at: left(arrays, at) / right(arrays, at),
        "raise": lambda arrays, at: cmath.exp(right(arrays, at) * cmath.log(left(arrays, at))),
    }[kind]


def _place(affine, at):
    constant, terms = affine
    return constant + sum(coefficient * at[letter] for letter, coefficient in terms)


def _read(array, places):
    for place, extent in zip(places, array.shape, strict=True):
        if not 0 <= place < extent:
            return 0
    return complex(array[tuple(places)])


def runner(program, sizes):
    """A function from the inputs' arrays to all arrays."""
    statements = [
        (name, [letter for letter, _ in axes], [sizes[one] for _, one in axes], compiled(body, sizes))
        for name, axes, body in program[1]
    ]

    def run(arrays):
        arrays = dict(arrays)
        for name, letters, shape, body in statements:
            made = np.zeros(shape, dtype=complex)
            for place in itertools.product(*map(range, shape)):
                made[place] = body(arrays, dict(zip(letters, place, strict=True)))
            arrays[name] = made
        return arrays

    return run


# --- into the calculus -----------------------------------------------------------------------------------


def translated(program):
    """The same program in the calculus."""
    inputs, statements = program
    tensors = {
        name: Tensor(name, [size(one) for one in shape], positive=positive)
        for name, shape, positive in inputs
    }
    made = []
    for name, axes, body in statements:
        scope = {letter: Index(letter, size(one)) for letter, one in axes}
        target = Tensor(name, [size(one) for _, one in axes])
        made.append(Statement(target[tuple(scope.values())], _node(body, scope, tensors)))
        tensors[name] = target
    return Program(tuple(tensors[name] for name, *_ in inputs), tuple(made))


def _node(expression, scope, tensors):
    kind, *rest = expression

    def inner(one):
        return _node(one, scope, tensors)

    def affine(one):
        return one[0] + sum((coefficient * scope[letter] for letter, coefficient in one[1]), sp.S.Zero)

    match kind:
        case "number":
            return sp.Rational(*rest)
        case "size":
            return size(rest[0])
        case "index":
            return scope[rest[0]]
        case "read":
            return tensors[rest[0]][tuple(affine(one) for one in rest[1:])]
        case "delta":
            return Bracket(affine(rest[0]))
        case "add":
            return inner(rest[0]) + inner(rest[1])
        case "times":
            return inner(rest[0]) * inner(rest[1])
        case "over":
            return inner(rest[0]) / inner(rest[1])
        case "power":
            return inner(rest[0]) ** sp.Rational(rest[1], rest[2])
        case "raise":
            return inner(rest[0]) ** inner(rest[1])
        case "call":
            return CALLS[rest[0]][1](inner(rest[1]))
        case "cases":
            return IfPositive(*map(inner, rest))
        case "sum":
            bound = Index(rest[0], size(rest[1]))
            return Sum(_node(rest[2], {**scope, rest[0]: bound}, tensors), bound)
    raise ValueError(kind)


# --- at random -------------------------------------------------------------------------------------------

SIZES = ("n", "m", "k")
LETTERS = "ijuv"


class Maker:
    """Makes a random program; every choice is ``pick(options)``, so that Hypothesis can steer and shrink."""

    def __init__(self, pick):
        self.pick = pick

    def program(self):
        inputs = [
            ("x", ("n",), False),
            ("A", (self.pick(SIZES[:2]), self.pick(SIZES[:2])), False),
            ("w", (self.pick(SIZES),), False),
            ("p", (self.pick(SIZES[:2]),), True),
            ("c", (), False),
            ("B", ("m", "n"), False),
        ]
        inputs = [*inputs, ("z", ("k",), False)]
        self.readable = [(name, shape) for name, shape, _ in inputs]
        self.positive = [(name, shape) for name, shape, positive in inputs if positive]
        statements = []
        count = self.pick((1, 2, 2, 3, 4))
        for number in range(count):
            rank = self.pick((0, 1, 1, 2))
            axes = tuple((LETTERS[k], self.pick(SIZES[:2])) for k in range(rank))
            body = self.expression(dict(axes), self.pick((1, 2, 3)))
            if statements and self.pick((True, True, False)):
                body = (self.pick(("add", "times")), body, self.read(dict(axes), [self.readable[-1]]))
            name = f"T{number}"
            statements.append((name, axes, body))
            self.readable.append((name, tuple(one for _, one in axes)))
        return tuple(inputs), tuple(statements)

    def expression(self, scope, depth):
        if depth <= 0:
            return self.leaf(scope)
        kind = self.pick(
            (
                *("times", "times", "add", "minus", "sum", "sum", "sum", "mean", "softmax", "read"),
                *("call", "call", "over", "power", "raise", "positive", "cases"),
            )
        )
        smaller = depth - 1
        if kind in ("times", "add"):
            return (kind, self.expression(scope, smaller), self.expression(scope, smaller))
        if kind == "minus":
            return ("add", self.expression(scope, smaller), ("times", ("number", -1, 1), self.leaf(scope)))
        if kind == "sum":
            letter, extent = self.pick(LETTERS), self.pick(SIZES)
            return ("sum", letter, extent, self.expression({**scope, letter: extent}, smaller))
        if kind == "mean":
            letter, extent = self.pick(LETTERS), self.pick(SIZES)
            body = self.expression({**scope, letter: extent}, smaller)
            return ("over", ("sum", letter, extent, body), ("size", extent))
        if kind == "softmax":
            return self.softmax(scope, smaller)
        if kind == "call":
            function = self.pick(tuple(CALLS))
            if function in POSITIVE_ONLY:
                return ("call", function, self.positive_expression(scope, smaller))
            return ("call", function, self.tame(scope, smaller))
        if kind == "over":
            return ("over", self.expression(scope, smaller), self.positive_expression(scope, smaller))
        if kind == "power":
            if self.pick((True, False)):
                return ("power", self.expression(scope, smaller), self.pick((2, 3)), 1)
            exponent = self.pick(((1, 2), (-1, 2), (-1, 1), (-2, 1), (3, 2), (-3, 2)))
            return ("power", self.positive_expression(scope, smaller), *exponent)
        if kind == "raise":
            return ("raise", self.positive_expression(scope, smaller), self.tame(scope, smaller))
        if kind == "positive":
            return self.positive_expression(scope, smaller)
        if kind == "cases":
            return ("cases", *(self.expression(scope, smaller) for _ in range(3)))
        return self.leaf(scope)

    def tame(self, scope, depth):
        """Not so large that an exponential of it overflows."""
        if depth <= 0:
            return self.read(scope, self.readable)
        return ("call", self.pick(("tanh", "sin", "bump")), self.expression(scope, depth - 1))

    def softmax(self, scope, depth):
        if not scope:
            return self.leaf(scope)
        letter = self.pick(tuple(scope))
        other = f"l{depth}"  # occurs nowhere in what is renamed, whose own softmaxes lie deeper
        above = ("call", "exp", self.tame(scope, depth))
        return ("over", above, ("sum", other, scope[letter], _renamed(above, letter, other)))

    def positive_expression(self, scope, depth):
        kind = self.pick(("exp", "square", "read", "sum", "product"))
        if depth <= 0 or kind == "read":
            name, shape = self.pick(self.positive)
            letters = [self.matching(scope, extent) for extent in shape]
            if None not in letters:
                return ("read", name, *((0, ((letter, 1),)) for letter in letters))
            return ("call", "exp", self.tame(scope, depth - 1))
        if kind == "exp":
            return ("call", "exp", self.tame(scope, depth - 1))
        if kind == "square":
            number = ("number", *self.pick(((1, 1), (1, 2))))
            return ("add", number, ("power", self.expression(scope, depth - 1), 2, 1))
        if kind == "product":
            inner = (self.positive_expression(scope, depth - 1), self.positive_expression(scope, depth - 1))
            return ("times", *inner)
        letter, extent = self.pick(LETTERS), self.pick(SIZES)
        return ("sum", letter, extent, self.positive_expression({**scope, letter: extent}, depth - 1))

    def leaf(self, scope):
        kind = self.pick(("read",) * 8 + ("number", "size", "index", "delta"))
        if kind == "read" or (kind in ("index", "delta") and not scope):
            return self.read(scope, self.readable)
        if kind == "number":
            return ("number", *self.pick(((2, 1), (-1, 1), (1, 2), (3, 1))))
        if kind == "size":
            return ("size", self.pick(SIZES))
        if kind == "index":
            return ("index", self.pick(tuple(scope)))
        return ("delta", self.affine(scope, None))

    def read(self, scope, readable):
        name, shape = self.pick(tuple(readable))
        return ("read", name, *(self.affine(scope, extent) for extent in shape))

    def affine(self, scope, extent):
        letters = tuple(scope)
        if not letters:
            return (self.pick((0, 1)), ())
        match = self.matching(scope, extent)
        if extent is not None and match is not None and self.pick((True, True, True, False)):
            return (0, ((match, 1),))
        one, two = self.pick(letters), self.pick(letters)
        if one == two:
            return (self.pick((0, 0, 1, -1)), ((one, self.pick((1, 1, 2, -1))),))
        coefficients = self.pick(((1, 1), (2, 1), (1, -1), (1, 2), (2, -1), (-1, 1)))
        return (self.pick((0, 0, -1, 1)), ((one, coefficients[0]), (two, coefficients[1])))

    def matching(self, scope, extent):
        found = tuple(letter for letter, own in scope.items() if own == extent)
        return self.pick(found) if found else None


def _renamed(expression, old, new):
    """Another letter for a free one; the new letter occurs nowhere in the expression."""
    if isinstance(expression, tuple):
        if expression and expression[0] == "sum" and expression[1] == old:
            return expression
        return tuple(_renamed(one, old, new) for one in expression)
    return expression
