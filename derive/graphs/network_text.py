"""A network written as text, in PyTorch's layer calls, one line after the other.

.. code-block:: text

    # a residual network in little
    input 3 x 32 x 32
    def Block(c_in, c_out, stride=1):           # a block with settings
        skip = x                                # x is what the block gets
        y = Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False)
        BatchNorm2d(c_out) -> ReLU()            # a line works on what the line before put out
        Conv2d(c_out, c_out, 3, padding=1, bias=False) -> BatchNorm2d(c_out)
        Add(skip if c_in == c_out else Conv2d(c_in, c_out, 1, stride=stride)(skip), here) -> ReLU()
    width = 16                                  # a variable
    Conv2d(3, width, 3, padding=1, bias=False) -> BatchNorm2d(width) -> ReLU()
    repeat 3:
        Block(width, width)
    Concat(Conv2d(width, 8, 1), MaxPool2d(3, 1, padding=1))     # branches, joined along the channels
    AdaptiveAvgPool2d(1) -> Flatten() -> Linear(24, 10)

``Concat``, ``Add`` and ``Multiply`` take branches, each of which starts at what came before or at a value
named in it; ``Residual(...)`` adds what it got to what its chain puts out. ``x + ...`` and ``gate * ...`` do
the same. A name that nothing has set is a symbolic size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from derive.graphs.network import Builder, Network, NetworkError
from derive.graphs.network_expressions import (
    Binary,
    Call,
    Choice,
    Expression,
    Name,
    Number,
    Tuple,
    Unary,
    Word,
    parse,
    plain_name,
)
from derive.graphs.network_lines import Statement, statements
from derive.graphs.network_values import FUNCTIONS, arithmetic, function, number, truth
from derive.suggest import nearest
from derive.tensor.index import size

MOST_NODES = 100_000
MOST_ROUNDS = 10_000
DEEPEST = 40

MERGES = {
    "Concat": "Concat",
    "Concatenate": "Concat",
    "Cat": "Concat",
    "concat": "Concat",
    "cat": "Concat",
    "Add": "Add",
    "add": "Add",
    "Multiply": "Multiply",
    "Mul": "Multiply",
    "mul": "Multiply",
    "multiply": "Multiply",
    "concatenate": "Concat",
}
CONTAINERS = ("Sequential", "Residual", "Repeat", "repeat", "Experts", "Input", "InputLayer", "Model")
PLACING = ("name", "tied", "frozen")


@dataclass(frozen=True)
class Value:
    """What a layer puts out: the number of its node."""

    node: int


@dataclass(frozen=True)
class Later:
    """A chain that was given as an argument and runs where it is used."""

    chain: Expression
    scope: Scope


@dataclass(frozen=True)
class LayerName:
    """The name of a layer or block given as an argument: ``activation=ReLU``."""

    text: str


@dataclass
class Scope:
    """The names that are known; those of the text around it count too, its values do not."""

    names: dict[str, Any] = field(default_factory=dict)
    outer: Scope | None = None

    def find(self, name: str) -> Any:
        """What a name stands for; :class:`KeyError` if nothing."""
        if name in self.names:
            return self.names[name]
        if self.outer is None:
            raise KeyError(name)
        found = self.outer.find(name)
        if isinstance(found, Value):
            raise KeyError(name)
        return found


@dataclass(frozen=True)
class Block:
    """A definition: parameters with what stands for them if nothing is given, and the lines."""

    name: str
    parameters: tuple[tuple[str, Expression | None], ...]
    body: tuple[Statement, ...]
    line: int


_NO_LAYER = re.compile(r"(import|from)\s+[\w.]+\b.*|(print|\w+\.(summary|compile|build))\(.*\)")
"""Lines of a program around a network."""
_ADDED = re.compile(r"[^\W\d]\w*\.add\((?P<layer>.*)\)")
_INPUT = re.compile(r"input\b\s*(?:(?P<name>[^\W\d]\w*)\s*(?::|$))?\s*(?P<shape>.*)$")
_DEFINITION = re.compile(r"def\s+(?P<name>[^\W\d]\w*)\s*\((?P<parameters>.*)\)\s*:$")
_ROUNDS = re.compile(r"repeat\s+(?P<times>.+?)(?:\s+times)?\s*:$")
_LOOP = re.compile(r"for\s+(?P<name>[^\W\d]\w*)\s+in\s+(?P<range>.+?)\s*:$")
_SEVERAL = re.compile(r"(?P<names>[^\W\d]\w*(?:\s*,\s*[^\W\d]\w*)+)\s*=(?!=)\s*(?P<value>.+)$")
_ASSIGNED = re.compile(r"(?P<name>[^\W\d]\w*(?:_\{[\w,]+\})?)\s*(?:=(?!=)|:)\s*(?P<value>.+)$")


def shape_of(text: str, what: str = "the input") -> tuple[Any, ...]:
    """The sizes in ``3x224x224``; a letter is a symbolic size.

    >>> shape_of("3 x 224 x 224"), shape_of("C x n x n")
    ((3, 224, 224), (C, n, n))
    """
    pieces = re.split(r"\s*(?:[x×,]|\\times)\s*", text.strip().strip("()[]").strip())
    if not all(re.fullmatch(r"\d{1,12}|[^\W\d]\w*(_\{\w+\})?", piece) for piece in pieces):
        raise NetworkError(f"{what} has sizes like 3x224x224 or C x n x n; came {text.strip()!r}")
    if any(piece.isdigit() and int(piece) == 0 for piece in pieces):
        raise NetworkError(f"{what} has sizes of at least 1; came {text.strip()!r}")
    return tuple(int(piece) if piece.isdigit() else size(piece) for piece in pieces)


def read_text(
    text: str,
    layers: Collection[str],
    library: str = "",
    name: str = "",
    variables: Mapping[str, Any] | None = None,
) -> Network:
    """The network that a text describes.

    Parameters
    ----------
    layers: the names of the layers that there are.
    library: definitions of blocks in the same grammar, which the text may use.
    variables: sizes that are set from outside; a line that sets one of them again has no effect.

    Raises
    ------
    NetworkError: the text is not in this grammar; the message says in which line, and what would work.
    """
    interpreter = _Interpreter(layers, name, dict(variables or {}))
    try:
        return interpreter.run(text, library)
    except RecursionError:
        raise NetworkError(
            f"line {interpreter.line}: too much inside each other or in one chain; put layers on lines of "
            "their own, or use `repeat n:`"
        ) from None


class _Interpreter:
    """Runs the statements once, and adds a node for every layer that it meets."""

    def __init__(self, layers: Collection[str], name: str, variables: dict[str, Any]) -> None:
        self.layers = layers
        self.builder = Builder(name)
        self.fixed = variables
        self.top = Scope(dict(variables))
        self.here = -1
        self.line, self.indent, self.whole_line = 0, 0, ""
        self.stack: list[str] = []
        self.counts: list[dict[str, int]] = [{}]
        self.outputs: list[int] = []
        self.experts = (1, 1)
        self.undeclared = False  # the input's shape may still be said by a layer, as in Keras

    def run(self, text: str, library: str) -> Network:
        for statement in statements(library, numbered=False):
            self._statement(statement, self.top)
        inside, scope = statements(text), self.top
        if not any(_INPUT.match(one.text) for one in inside):
            self.undeclared = True
            self._input("x", None)
        self._body(inside, scope)
        if not self.builder.nodes or all(node.layer == "Input" for node in self.builder.nodes):
            raise NetworkError(
                "there is no layer in this text; a line like Conv2d(3, 64, 3, padding=1) is one"
            )
        return self.builder.network(*(self.outputs or [self.here]))

    def _input(self, name: str, shape: tuple[Any, ...] | None) -> None:
        node = self.builder.input(name, shape)
        self.top.names[name] = Value(node)
        if self.here < 0:
            self.here = node

    def _declared(self, given: Any) -> Value:
        """An input as Keras has it: its shape in a layer, the channels of images last."""
        shape = tuple(one for one in (given if isinstance(given, tuple) else (given,)) if one is not None)
        if not shape or not all(isinstance(one, int | sp.Expr) for one in shape):
            self._fail(f"a shape is several sizes, (28, 28, 1); came {given!r}")
        if len(shape) > 2:
            written = "x".join(map(str, shape))
            shape = (shape[-1], *shape[:-1])
            self.builder.assumed.append(f"the shape {written}, given in Keras' way, has its channels last")
        if self.undeclared:
            self.undeclared = False
            self.builder.shapes[0] = shape
            return self.top.names["x"]
        return Value(self.builder.input(f"x{len(self.builder.shapes) + 1}", shape))

    # -- statements

    def _body(self, statements: list[Statement] | tuple[Statement, ...], scope: Scope) -> Any:
        result: Any = None
        skipped: bool | None = None
        for statement in statements:
            if statement.text in ("else:", "else :"):
                if skipped is None:
                    raise NetworkError(f"line {statement.line}: 'else' without an 'if' before it")
                if skipped:
                    result = self._body(statement.body, scope)
                skipped = None
            elif statement.text.startswith("if ") and statement.text.endswith(":"):
                self.line = statement.line or self.line
                skipped = not self._made(truth, self._value(self._parse(statement.text[3:-1]), scope))
                if not skipped:
                    result = self._body(statement.body, scope)
            else:
                skipped = None
                result = self._statement(statement, scope)
            if isinstance(result, _Returned):
                return result
        return result

    def _parse(self, text: str) -> Expression:
        """The expression in a part of the current line."""
        return parse(text, self.line, self.indent + max(self.whole_line.find(text), 0))

    def _statement(self, statement: Statement, scope: Scope) -> Any:
        text = statement.text
        self.line = statement.line or self.line  # in a block of the library: the line that uses it
        self.indent, self.whole_line = statement.indent, text
        if _NO_LAYER.fullmatch(text):
            return None
        if re.match(r"class\b", text):
            self._fail(
                "a class is not run; `derive.count(module, input=...)` in Python counts a PyTorch module, "
                "and print(model) and lines of layer calls are read"
            )
        if match := _ADDED.fullmatch(text):
            text = match["layer"].rstrip(", ")
        if match := _DEFINITION.match(text):
            self._define(match, statement)
            return None
        if match := _ROUNDS.match(text):
            for _ in range(self._times(self._value(self._parse(match["times"]), scope))):
                result = self._body(statement.body, scope)
                if isinstance(result, _Returned):
                    return result
            return None
        if match := _LOOP.match(text):
            return self._loop(match, statement, scope)
        if statement.body:
            self._fail(f"{text!r} opens no block; def, repeat, for, if and else do")
        if match := _INPUT.match(text):
            self._input(match["name"] or "x", shape_of(match["shape"]) if match["shape"] else None)
            return None
        for word in ("return ", "output "):
            if text.startswith(word):
                return self._return(text[len(word) :], scope, at_top=scope is self.top)
        if match := _SEVERAL.match(text):
            return self._assign_several(match, scope)
        if match := _ASSIGNED.match(text):
            return self._assign(match["name"], self._parse(match["value"]), scope)
        value = self._run(self._parse(text), scope)
        if not isinstance(value, Value):
            self._fail(f"{text[:100]!r} is no layer; a line is a layer call, or a name = something")
        self.here = value.node
        return value

    def _assign_several(self, match: re.Match[str], scope: Scope) -> None:
        names = [one.strip() for one in match["names"].split(",")]
        values = self._value(self._parse(match["value"]), scope)
        if not isinstance(values, tuple) or len(values) != len(names):
            self._fail(
                f"{match['names'].strip()} are {len(names)} names; {match['value']} has not as many values"
            )
        scope.names.update(zip(names, values, strict=True))

    def _assign(self, name: str, expression: Expression, scope: Scope) -> Any:
        if scope is self.top and name in self.fixed:
            return None
        before = len(self.builder.nodes)
        value = self._argument(expression, scope, now=True)
        if isinstance(value, Value):
            if len(self.builder.nodes) > before:
                self.here = value.node
                last = self.builder.nodes[-1]
                if len(self.builder.nodes) == before + 1 and last.path.endswith(last.layer):
                    path = last.path[: len(last.path) - len(last.layer)] + name
                    self.builder.nodes[-1] = replace(last, path=path)
            scope.names[name] = value
            return value
        scope.names[name] = value
        return None

    def _return(self, text: str, scope: Scope, at_top: bool) -> Any:
        expression = self._parse(text)
        items = expression.items if isinstance(expression, Tuple) else (expression,)
        values = []
        for item in items:
            value = self._run(item, scope)
            if not isinstance(value, Value):
                self._fail(f"{text!r} is nothing that a layer puts out")
            values.append(value)
        self.here = values[0].node
        if at_top:
            self.outputs += [value.node for value in values]
        return _Returned(values[0])

    def _define(self, match: re.Match[str], statement: Statement) -> None:
        parameters: list[tuple[str, Expression | None]] = []
        call = self._parse(f"f({match['parameters']})")
        assert isinstance(call, Call)
        for one in call.arguments:
            if not isinstance(one, Name):
                self._fail(f"the settings of {match['name']} are names, or name=value")
            else:
                parameters.append((one.text, None))
        parameters += list(call.keywords)
        if not statement.body:
            self._fail(f"{match['name']} is defined by the lines indented under it; there are none")
        block = Block(match["name"], tuple(parameters), tuple(statement.body), statement.line)
        self.top.names[match["name"]] = block

    def _loop(self, match: re.Match[str], statement: Statement, scope: Scope) -> Any:
        expression = self._parse(match["range"])
        if isinstance(expression, Call) and expression.name == "range":
            ends = [self._times(self._value(one, scope)) for one in expression.arguments]
            rounds: Any = range(*ends[:3]) if 1 <= len(ends) <= 3 else ()
        else:
            rounds = self._value(expression, scope)
        if not isinstance(rounds, tuple | range):
            self._fail("a loop runs over range(n) or over a list [64, 128, 256]")
        for item in rounds:
            scope.names[match["name"]] = item
            result = self._body(statement.body, scope)
            if isinstance(result, _Returned):
                return result
        return None

    # -- chains: what runs on what came before

    def _run(self, expression: Expression, scope: Scope) -> Any:
        """The value of a chain that starts at ``here``."""
        match expression:
            case Binary("->", left, right):
                start = self.here
                value = self._run(left, scope)
                if not isinstance(value, Value):
                    self._fail("an arrow leads from a layer to a layer")
                self.here = value.node
                result = self._run(right, scope)
                self.here = start
                return result
            case Binary("+" | "*" as sign, left, right):
                return self._joined(sign, left, right, scope)
            case Choice(condition, then, otherwise):
                return self._run(
                    then if self._made(truth, self._value(condition, scope)) else otherwise, scope
                )
            case Call():
                return self._call(expression, scope)
            case Name(text):
                return self._named(text, scope)
            case Tuple((single,)):
                return self._run(single, scope)
        return self._value(expression, scope)

    def _named(self, text: str, scope: Scope) -> Any:
        if text == "here":
            return Value(self.here)
        try:
            found = scope.find(text)
        except KeyError:
            if self._is_layer(text):
                return self._call(Call(text, (), ()), scope)
            return size(text)
        if isinstance(found, Later):
            return self._run(found.chain, found.scope)
        if isinstance(found, LayerName):
            return self._call(Call(found.text, (), ()), scope)
        if isinstance(found, Block):
            return self._call(Call(text, (), ()), scope)
        return found

    def _joined(self, sign: str, left: Expression, right: Expression, scope: Scope) -> Any:
        """A sum or a product: of numbers, or of what layers put out; ``3 * Block(8)`` is a repetition."""
        start = self.here
        first = self._run(left, scope)
        self.here = start
        if sign == "*" and not isinstance(first, Value) and self._has_layers(right, scope):
            return self._repeat(self._times(first), right, scope)
        second = self._run(right, scope)
        self.here = start
        if isinstance(first, Value) and isinstance(second, Value):
            return self._add("Add" if sign == "+" else "Multiply", (), {}, (first.node, second.node))
        if isinstance(first, Value) or isinstance(second, Value):
            if sign == "*" or (isinstance(first, Value) and isinstance(second, int | Fraction)):
                return first if isinstance(first, Value) else second  # a scale or shift by a constant
            self._fail(f"{'a sum' if sign == '+' else 'a product'} of a layer and something that is none")
        return self._made(arithmetic, sign, first, second)

    def _has_layers(self, expression: Expression, scope: Scope) -> bool:
        if isinstance(expression, Call):
            return self._is_layer(expression.name, scope)
        if isinstance(expression, Name):
            try:
                return isinstance(scope.find(expression.text), Later | LayerName | Block)
            except KeyError:
                return self._is_layer(expression.text)
        if isinstance(expression, Binary):
            return self._has_layers(expression.left, scope) or self._has_layers(expression.right, scope)
        if isinstance(expression, Choice):
            return self._has_layers(expression.then, scope) or self._has_layers(expression.otherwise, scope)
        if isinstance(expression, Tuple):
            return any(self._has_layers(item, scope) for item in expression.items)
        return False

    def _is_layer(self, name: str, scope: Scope | None = None) -> bool:
        if name in self.layers or name in MERGES or name in CONTAINERS:
            return True
        if "_" in name and self._of_function(name):
            return True
        try:
            return isinstance((scope or self.top).find(name), Block | LayerName | Later)
        except KeyError:
            return False

    def _repeat(self, times: int, chain: Expression, scope: Scope) -> Value:
        start = self.here
        for _ in range(times):
            value = self._run(chain, scope)
            if not isinstance(value, Value):
                self._fail("only layers can be repeated")
            self.here = value.node
        result, self.here = Value(self.here), start
        return result

    def _call(self, call: Call, scope: Scope) -> Any:
        if call.name in FUNCTIONS and not self._is_layer(call.name, scope):
            return self._value(call, scope)
        start = self.here
        if call.to is not None:
            read = [self._reading(one, scope) for one in _flat(call.to)]
            if len(read) == 1:
                self.here = read[0]
        else:
            read = []
        result = self._apply(call, scope, tuple(read))
        self.here = start
        return result

    def _reading(self, expression: Expression, scope: Scope) -> int:
        value = self._run(expression, scope)
        if not isinstance(value, Value):
            self._fail("a layer is applied to what another layer puts out")
        return int(value.node)

    def _apply(self, call: Call, scope: Scope, read: tuple[int, ...]) -> Any:
        name = call.name
        try:
            found = scope.find(name)
        except KeyError:
            found = None
        if isinstance(found, LayerName | str):  # ReLU, or 'relu' as a setting says it
            name = found if isinstance(found, str) else found.text
            return self._apply(Call(name, call.arguments, call.keywords, call.to), scope, read)
        given = dict(call.keywords)
        if name in ("Input", "InputLayer"):
            shape = next(
                (given[key] for key in ("shape", "input_shape") if key in given), *call.arguments[:1]
            )
            return self._declared(self._value(shape, scope))
        if name == "Model":  # Keras' functional models end with Model(inputs, outputs)
            return self._run(given.get("outputs", *call.arguments[1:2]), scope)
        if "input_shape" in given:
            self.here = self._declared(self._value(given.pop("input_shape"), scope)).node
            return self._apply(Call(name, call.arguments, tuple(given.items()), call.to), scope, read)
        if isinstance(found, Block):
            return self._block(found, call, scope)
        if isinstance(found, Later):
            return self._run(found.chain, found.scope)
        if name in MERGES:
            return self._merge(call, scope, read)
        if name == "Sequential":
            return self._chained(_flat(call.arguments), scope)
        if name == "Residual":
            start = self.here
            inside = self._chained(call.arguments, scope)
            return self._add("Add", (), {}, (start, inside.node))
        if name == "Experts":
            return self._experts(call, scope)
        if name in ("Repeat", "repeat"):
            if len(call.arguments) < 2:
                self._fail("Repeat(3, Block(64)) takes how often, and a chain")
            chain = call.arguments[1]
            for more in call.arguments[2:]:
                chain = Binary("->", chain, more)
            return self._repeat(self._times(self._value(call.arguments[0], scope)), chain, scope)
        if name not in self.layers and (known := self._of_function(name)):
            name = known
        if name not in self.layers:
            self._unknown(name)
        arguments = [self._argument(one, scope) for one in call.arguments]
        while arguments and isinstance(arguments[0], Value | Later):  # as functions are written: relu(y)
            first = arguments.pop(0)
            value = first if isinstance(first, Value) else self._run(first.chain, first.scope)
            read += (value.node,)
        keywords = {key: self._argument(one, scope) for key, one in call.keywords}
        return self._add(name, tuple(arguments), keywords, read or (self.here,))

    def _of_function(self, name: str) -> str:
        """The layer that a function of PyTorch is: MaxPool2d for max_pool2d; empty for none."""
        bare = name.replace("_", "")
        return next((one for one in self.layers if one.lower() == bare), "") if name.islower() else ""

    def _chained(self, chains: tuple[Expression, ...], scope: Scope) -> Value:
        start = self.here
        for chain in chains:
            value = self._run(chain, scope)
            if not isinstance(value, Value):
                self._fail("a sequence is made of layers")
            self.here = value.node
        result, self.here = Value(self.here), start
        return result

    def _experts(self, call: Call, scope: Scope) -> Value:
        """``Experts(8, 2, chain)``: eight such chains, of which two run for every token; their sum."""
        if len(call.arguments) != 3:
            self._fail("Experts(8, 2, chain) takes how many there are, how many run, and the chain of one")
        copies, runs = (self._times(self._value(one, scope)) for one in call.arguments[:2])
        before = self.experts
        self.experts = (before[0] * copies, before[1] * runs)
        self._enter("Experts")
        value = self._chained(call.arguments[2:], scope)
        self.stack.pop()
        self.counts.pop()
        self.experts = before
        return value

    def _merge(self, call: Call, scope: Scope, read: tuple[int, ...]) -> Value:
        """Branches that start here, or values by their names."""
        branches = list(read)
        keywords = {key: self._value(one, scope) for key, one in call.keywords}
        items = _flat(call.arguments)
        for position, one in enumerate(items):
            start = self.here
            value = self._run(one, scope)
            self.here = start
            if isinstance(value, Value):
                branches.append(value.node)
            elif position == len(items) - 1 and isinstance(value, int) and branches:
                keywords["dim"] = value  # torch.cat([a, b], 1)
            else:
                self._fail(f"a branch of {call.name} is a chain of layers or the name of a value")
        if len(branches) < 2:
            branches.append(self.here)
        return self._add(MERGES[call.name], (), keywords, tuple(branches))

    def _block(self, block: Block, call: Call, scope: Scope) -> Value:
        if len(self.stack) > DEEPEST:
            self._fail(f"{block.name} is used inside itself")
        names: dict[str, Any] = {}
        given = [self._argument(one, scope) for one in call.arguments]
        keywords = {key: self._argument(one, scope) for key, one in call.keywords}
        parameters = [name for name, _ in block.parameters]
        placing = {key: keywords.pop(key) for key in PLACING if key in keywords and key not in parameters}
        if len(given) > len(parameters):
            self._fail(
                f"{block.name} takes {', '.join(parameters) or 'no settings'}; came {len(given)} values"
            )
        names.update(zip(parameters, given, strict=False))
        for key, value in keywords.items():
            if key not in parameters or key in names:
                near = nearest(key, parameters)
                hint = f"; did you mean {near[0]}?" if near else f"; it takes {', '.join(parameters)}"
                self._fail(f"{block.name} has no setting {key!r} left to set{hint}")
            names[key] = value
        line, start = self.line, self.here
        inside = Scope(names, self.top)
        for name, default in block.parameters:
            if name not in names:
                if default is None:
                    self._fail(f"{block.name} needs {name}; it takes {', '.join(parameters)}")
                else:
                    names[name] = self._argument(default, inside)
        names.setdefault("x", Value(start))
        self._enter(str(placing.get("name", block.name)))
        result = self._body(block.body, inside)
        self.stack.pop()
        self.counts.pop()
        self.line = line
        end = result.value.node if isinstance(result, _Returned) else self.here
        self.here = start
        return Value(end)

    def _enter(self, name: str) -> None:
        number = self.counts[-1][name] = self.counts[-1].get(name, 0) + 1
        self.stack.append(f"{name}[{number}]")
        self.counts.append({})

    def _add(
        self, layer: str, arguments: tuple[Any, ...], keywords: dict[str, Any], inputs: tuple[int, ...]
    ) -> Value:
        if len(self.builder.nodes) > MOST_NODES:
            self._fail(f"the network has more than {MOST_NODES} layers")
        keywords = dict(keywords)
        name = str(keywords.pop("name", layer))
        place: dict[str, Any] = {
            "tied": str(keywords.pop("tied", "")),
            "frozen": bool(keywords.pop("frozen", False)),
        }
        for value in (*arguments, *keywords.values()):
            if isinstance(value, Later | Block | Value):
                self._fail(f"{layer} takes sizes and words as settings, not layers")
        arguments = tuple(one.text if isinstance(one, LayerName) else one for one in arguments)
        keywords = {k: v.text if isinstance(v, LayerName) else v for k, v in keywords.items()}
        path = ".".join((*self.stack, name))
        copies, runs = self.experts
        place |= {"path": path, "line": self.line, "copies": copies, "runs": runs}
        return Value(self.builder.add(layer, arguments, keywords, inputs, **place))

    # -- values: numbers, words, sizes

    def _argument(self, expression: Expression, scope: Scope, now: bool = False) -> Any:
        """An argument: a number, a word, what a layer put out, or a chain that runs later (or now)."""
        match expression:
            case Name("here"):
                return Value(self.here)
            case Name(text):
                try:
                    found = scope.find(text)
                except KeyError:
                    if text in self.layers or text in MERGES:
                        return LayerName(plain_name(text))
                    return size(text)
                return LayerName(text) if isinstance(found, Block) else found
        if self._has_layers(expression, scope):
            return self._run(expression, scope) if now else Later(expression, scope)
        value = self._run(expression, scope) if now else self._value(expression, scope)
        return value

    def _value(self, expression: Expression, scope: Scope) -> Any:
        match expression:
            case Number(value):
                return value
            case Word(text):
                return text
            case Name(text):
                found = self._argument(expression, scope)
                return found
            case Tuple(items):
                return tuple(self._argument(item, scope) for item in items)
            case Unary("not", operand):
                return not self._made(truth, self._value(operand, scope))
            case Unary(sign, operand):
                value = self._made(number, self._value(operand, scope))
                return -value if sign == "-" else value
            case Choice(condition, then, otherwise):
                return self._value(
                    then if self._made(truth, self._value(condition, scope)) else otherwise, scope
                )
            case Binary("or", left, right):
                return self._made(truth, self._value(left, scope)) or self._made(
                    truth, self._value(right, scope)
                )
            case Binary("and", left, right):
                return self._made(truth, self._value(left, scope)) and self._made(
                    truth, self._value(right, scope)
                )
            case Binary("->", _, _):
                self._fail("a chain of layers stands where a number is expected")
            case Binary(sign, left, right):
                return self._made(arithmetic, sign, self._value(left, scope), self._value(right, scope))
            case Call(name, arguments, (), None) if name in FUNCTIONS:
                return self._made(
                    function, name, [self._made(number, self._value(one, scope)) for one in arguments]
                )
            case Call(name):
                if self._is_layer(name, scope):
                    return Later(expression, scope)
                self._unknown(name)
        raise AssertionError(expression)

    def _made(self, of: Callable[..., Any], *values: Any) -> Any:
        """What a function makes of values; what it refuses is said with the line."""
        try:
            return of(*values)
        except NetworkError as error:
            self._fail(str(error))

    def _times(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_ROUNDS:
            self._fail(f"how often is a whole number up to {MOST_ROUNDS}; came {value}")
        return int(value)

    # -- errors

    def _unknown(self, name: str) -> None:
        blocks = [key for key, value in self.top.names.items() if isinstance(value, Block)]
        # Of names that differ in capitals only the last is suggested: PyTorch's own, which have them.
        every = [*self.layers, *MERGES, *CONTAINERS, *blocks]
        near = nearest(name, sorted(every, key=lambda one: one[0].isupper()))
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        self._fail(
            f"there is no layer {name}; {hint}`def {name}(...):` with its layers indented under it "
            "defines it, and `derive count --layers` lists those there are"
        )

    def _fail(self, message: str) -> None:
        raise NetworkError((f"line {self.line}: " if self.line else "") + message)


@dataclass(frozen=True)
class _Returned:
    """What a block puts out, once it has said so."""

    value: Value


def _flat(items: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """A list among the arguments stands for what is in it: torch.cat([a, b])."""
    return tuple(part for one in items for part in (one.items if isinstance(one, Tuple) else (one,)))
