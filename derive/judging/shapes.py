"""Which sizes a formula asks for: every name gets a shape, every index a range, by unification.

A shape is None (a scalar) or ``(rows, columns)``; an entry is an integer or a symbol, and symbols that
must be
equal are united. What is left free then gets distinct primes, so that a wrong transpose fails by shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from derive.judging import logic
from derive.judging.endless import infinite
from derive.judging.functions import TABLE
from derive.judging.layout import UNIT, Dim, Layout, Shape
from derive.judging.limits import Refusal, ShapeMismatch, Unknown
from derive.judging.members import is_member, vector_members
from derive.judging.names import (
    CONSTANTS,
    IDENTITY,
    ONES,
    access,
    function_name,
    is_delta,
    is_end,
    is_indicator,
    is_letter,
    unlabelled,
)
from derive.judging.ranks import acts_on_entries, matrices, size_names
from derive.judging.trees import both_lists
from derive.reading import to_latex
from derive.reading.tree import (
    Add,
    Ambiguous,
    Big,
    Call,
    Cases,
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
    Relation,
    Text,
    Transpose,
    Tree,
)

#: So many more entries there are than the end of a sum says, where an index may go beyond it.
SLACK = 2


def infer(
    trees: Iterable[Tree],
    declared: Mapping[Tree, Shape] | None = None,
    lets: Mapping[Tree, Tree] | None = None,
    origin: int | None = None,
    beside: Iterable[Tree] = (),
    apart: bool = False,
) -> tuple[Layout, list[Shape | Refusal]]:
    """The layout that all ``trees`` ask for together, and the shape of each or why it has none.

    ``declared`` names have a given shape, ``lets`` names that of their formula; indices start at
    ``origin``, or at 1 unless a sum starts at 0. What stands ``beside`` says which names are matrices, not
    how large they are. Raises :class:`Refusal` if those
    contradict the use that the trees make of a name.
    """
    layout, shapes = _inferred(
        tuple(trees),
        tuple((declared or {}).items()),
        tuple((lets or {}).items()),
        origin,
        tuple(beside),
        apart,
    )
    return layout.copy(), list(shapes)


@lru_cache(maxsize=64)
def _inferred(
    trees: tuple[Tree, ...],
    given: tuple[tuple[Tree, Shape], ...],
    named: tuple[tuple[Tree, Tree], ...],
    origin: int | None,
    beside: tuple[Tree, ...],
    apart: bool,
) -> tuple[Layout, list[Shape | Refusal]]:
    """What :func:`infer` finds: asked several times while one claim is judged."""
    declared, lets = dict(given), dict(named)
    everything = [*trees, *lets.values()]
    around = [*everything, *beside]
    sizes = size_names(around) | _declared_sizes(declared)
    found, vectors = matrices(around, sizes)
    if used := [Call(Name("diag"), (tree,)) for name, tree in lets.items() if name in vectors]:
        found, vectors = matrices([*around, *used], sizes)  # what a vector is computed from is one, too
    families, numbered = vector_members(around, found, vectors)
    flat = {name for name, shape in declared.items() if shape is None or 1 in shape}
    layout = Layout(
        found,
        vectors | (numbered - flat),
        sizes,
        dict(declared),
        members=families - flat,
        apart=apart,
    )
    layout.written = any(
        isinstance(n, (Matrix, Transpose)) or n == ONES for t in everything for n in t.walk()
    )
    _register(everything, layout, origin)
    for name, tree in lets.items():
        _give(layout, name, _Walker(layout).shape(tree))
    shapes: list[Shape | Refusal] = []
    for tree in trees:
        try:
            shapes.append(_Walker(layout).shape(tree))
        except Refusal as refusal:
            shapes.append(refusal)
    return layout, shapes


def _give(layout: Layout, name: Tree, shape: Shape) -> None:
    """A name has this shape; if its entries are spoken of, the axes are united."""
    if name in layout.families:
        for ours, theirs in zip(layout.families[name], _axes(shape), strict=False):
            layout.unite(ours, theirs, "the entries of a name")
    else:
        layout.declared[name] = shape


def _function(base: Tree) -> bool:
    """Whether a subscript is below the name of a function; ``sigma_i`` are entries, the outputs of one."""
    return function_name(base) is not None and function_name(base) != "sigmoid"


def origin_of(convention: Mapping[str, str] | None) -> int | None:
    """Where a convention says that indices start."""
    said = (convention or {}).get("index")
    return None if said is None else int(said)


def _register(trees: list[Tree], layout: Layout, origin: int | None = None) -> None:
    """Find the families (names with letter indices) before walking, and where indices start."""
    nodes = [node for tree in trees for node in tree.walk()]
    layout.origin = 1 if origin is None else origin
    layout.nested = max((_nesting(tree) for tree in trees), default=0)
    for node in nodes:
        if (
            origin is None
            and isinstance(node, Big)
            and isinstance(node.lower, Number)
            and node.lower.value == 0
        ):
            layout.origin = 0
            for variable in node.variables:
                layout.from_zero |= _summed(node, variable)
        if origin is None and isinstance(node, Indexed) and Number("0") in node.lower:
            layout.origin = 0  # x_0 beside x_t
            layout.from_zero.add(access(node)[0])
        delta = isinstance(node, Relation) and node.sign in ("=", "!=")
        if delta and isinstance(node, Relation) and is_letter(node.left) and is_letter(node.right):
            for letter in (node.left, node.right):  # [i = c] is a delta
                layout.letters.setdefault(letter, ("range", letter))
        if not isinstance(node, Indexed):
            continue
        base, indices = access(node)
        for index in indices:
            for letter in filter(is_letter, index.walk()):
                layout.letters.setdefault(letter, ("range", letter))
        if not indices or not isinstance(base, (Name, Indexed)) or _function(base) or is_delta(node):
            continue
        # A numbered name (x_1, x_2) is an entry only where x itself, or x with a letter, is spoken of.
        if any(not isinstance(i, Number) for i in indices) or base in layout.vectors | layout.matrices:
            fresh = (
                _axes(layout.declared[base])
                if layout.declared.get(base)
                is not None  # a scalar that is declared says what the entries are
                else tuple(layout.fresh() for _ in range(2 if base in layout.members else len(indices)))
            )
            known = layout.families.setdefault(base, fresh)
            if len(known) != len(indices) and not is_member(node, layout.members):
                raise Unknown("the same name has different numbers of indices")


class _Walker:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def shape(self, tree: Tree) -> Shape:
        layout = self.layout
        match tree:
            case Number():
                return None
            case Relation() if tree.sign in (*logic.CONNECTIVES, "mod"):
                for side in (tree.left, tree.right):
                    if (
                        not isinstance(side, Text)
                        and side not in logic.TRUTH
                        and self.shape(side) is not None
                    ):
                        raise Unknown("a connective of vectors")
                return None
            case Relation():
                if tree.left in layout.letters and tree.right in layout.letters:
                    layout.unite(self._index(tree.left), self._index(tree.right), "two indices compared")
                    layout.ranges.add(self._index(tree.left))
                    return None
                shapes = [self.shape(child) for child in tree.children()]
                if isinstance(tree.left, List) or isinstance(tree.right, List):
                    self._same(shapes, "a comparison")  # of places: (h, w) = argmax
                return None
            case Name():
                return self._name(tree)
            case Indexed():
                return self._indexed(tree)
            case Add():
                return self._same([self.shape(t) for t in tree.terms], "a sum")
            case Negative():
                return self.shape(tree.operand)
            case Multiply():
                return self._product(tree)
            case Divide():
                top, bottom = self.shape(tree.numerator), self.shape(tree.denominator)
                return self._same([top, bottom], "a quotient")
            case Power():
                base = self.shape(tree.base)
                self.shape(tree.exponent)
                if base is not None and base[1] != 1 and not acts_on_entries(tree.base):
                    layout.unite(base[0], base[1], "a power of a matrix that is not square")
                return base
            case Transpose():
                inner = self.shape(tree.operand)
                if isinstance(tree.operand, List):
                    return inner  # a list is written in a row: transposed or not, it stands for a column
                return None if inner is None else (inner[1], inner[0])
            case List():
                shapes = [self.shape(i) for i in tree.items]
                if any(shapes):
                    raise Unknown("a list of vectors")
                return (len(shapes), 1)
            case Matrix():
                return self._matrix(tree)
            case Cases():
                for _, condition in tree.branches:
                    if condition is not None:
                        self.shape(condition)
                return self._same([self.shape(value) for value, _ in tree.branches], "the cases")
            case Call():
                return self._call(tree)
            case Big():
                return self._big(tree)
            case Derivative():
                return self._derivative(tree)
            case Ambiguous():
                raise Unknown(f"more than one reading: {tree.reason}")
            case _:
                raise Unknown(why(tree))

    def _name(self, name: Tree) -> Shape:
        layout = self.layout
        if name in CONSTANTS or name in layout.sizes or (is_letter(name) and name in layout.letters):
            return None
        if name in layout.declared:
            shape = layout.declared[name]
            layout.dims[name] = () if shape is None else shape
            return shape
        if name in layout.families:
            dims = layout.families[name]
            if len(dims) > 2:
                raise Unknown("a tensor with three or more axes")
            return (dims[0], 1) if len(dims) == 1 else (dims[0], dims[1])
        if name == IDENTITY and (
            layout.matrices or layout.written or any(map(_square, layout.declared.values()))
        ):
            layout.dims[name] = (UNIT, UNIT)
            return (UNIT, UNIT)
        if name not in layout.dims:
            if name in layout.matrices:
                layout.dims[name] = (layout.fresh(), layout.fresh())
            elif name in layout.vectors:
                layout.dims[name] = (layout.fresh(), 1)
            else:
                layout.dims[name] = ()
        dims = layout.dims[name]
        return (dims[0], dims[1]) if dims else None

    def _indexed(self, tree: Indexed) -> Shape:
        layout = self.layout
        if len(tree.lower) == 1 and isinstance(tree.lower[0], Relation) and is_indicator(tree.base):
            return self.shape(tree.lower[0])
        base, indices = access(tree)
        if not indices:
            if any(isinstance(n, Name) and "#" in n.text for n in tree.walk()):
                raise Unknown("a letter that runs stands in a subscript that is not understood")
            return self._name(tree)
        if is_delta(tree) and base not in layout.families:
            layout.unite(self._index(indices[0]), self._index(indices[1]), "the two indices of a delta")
            layout.ranges.add(self._index(indices[0]))
            return None
        if isinstance(base, (Name, Indexed)) and not _function(base):
            if layout.declared.get(base) is not None and base not in layout.families:
                layout.families[base] = _axes(layout.declared[base])
            if base not in layout.families:
                return self._name(tree)
            dims = layout.families[base]
        else:
            shape = self.shape(base)
            if shape is None:
                raise Unknown("an index below something that is a number")
            first = indices[0]
            if len(indices) == 1 and 1 not in shape and isinstance(first, Number) and len(first.digits) == 2:
                indices = (Number(first.digits[0]), Number(first.digits[1]))  # a_{12} is row 1, column 2
            dims = shape if len(indices) == 2 else (shape[0] if shape[0] != 1 else shape[1],)
        for index, dim in zip(indices, dims, strict=False):
            if isinstance(index, Number):
                layout.at_least(dim, int(index.value) + 1 - layout.origin)
            else:
                layout.unite(self._index(index), dim, "the range of an index")
        return (dims[1], 1) if is_member(tree, layout.members) else None

    def _index(self, index: Tree) -> Dim:
        layout = self.layout
        letters = [node for node in index.walk() if is_letter(node)]
        if len(letters) != 1 or index not in letters:
            for node in index.walk():
                stride = isinstance(node, Name) and not is_letter(node) and not is_end(node)
                if (stride or isinstance(node, Indexed)) and node not in layout.sizes:
                    self.shape(node)  # a stride or a padding
        if len(letters) != 1 or any(isinstance(node, Multiply) for node in index.walk()):
            return layout.span(index, [layout.letters[letter] for letter in letters])
        letter = letters[0]
        if index != letter:
            shift = sum(int(n.value) for n in index.walk() if isinstance(n, Number))
            layout.margins[letter] = max(layout.margins.get(letter, 0), shift)
            dim = layout.letters.setdefault(letter, ("range", letter))
            if "#" not in getattr(letter, "text", "") and not isinstance(layout.find(dim), int) and shift < 4:
                layout.at_least(dim, 2 * shift + 1)  # room on both sides of a free letter
        return layout.letters.setdefault(letter, ("range", letter))

    def _same(self, shapes: list[Shape], what: str) -> Shape:
        tensors = [s for s in shapes if s is not None]
        for other in tensors[1:]:
            first = tensors[0]
            try:
                self.layout.unite(first[0], other[0], what)
                self.layout.unite(first[1], other[1], what)
            except ShapeMismatch as mismatch:
                raise ShapeMismatch(f"{what} of shapes that differ ({mismatch})") from mismatch
        return tensors[0] if tensors else None

    def _product(self, tree: Multiply) -> Shape:
        groups: list[Shape] = []
        current: Shape = self.shape(tree.factors[0])
        for sign, before, factor in zip(tree.signs, tree.factors, tree.factors[1:], strict=False):
            shape = self.shape(factor)
            if sign == "odot":
                groups.append(current)
                current = shape
            elif current is None or shape is None:
                current = current if shape is None else shape
            elif sign == "cdot" and current[0] == 1 and shape[0] == 1:
                self.layout.unite(current[1], shape[1], "a dot product")
                current = None
            elif current[1] == 1 and shape[1] == 1 and (sign == "cdot" or both_lists(before, factor)):
                self.layout.unite(current[0], shape[0], "a dot product")
                current = None
            else:
                try:
                    self.layout.unite(current[1], shape[0], "a matrix product")
                except ShapeMismatch as mismatch:
                    raise ShapeMismatch(self._misfit(before, current, factor, shape)) from mismatch
                current = (current[0], shape[1])
            if current == (1, 1):
                current = None
        return self._same([*groups, current], "an elementwise product")

    def _misfit(self, before: Tree, left: tuple[Dim, Dim], factor: Tree, right: tuple[Dim, Dim]) -> str:
        """Which factors do not go together, their shapes, and what would."""
        find = self.layout.find

        def side(dim: Dim) -> str:
            dim = find(dim)
            name = dim[1] if isinstance(dim, tuple) and len(dim) == 2 else dim
            return name.text if isinstance(name, Name) else str(dim) if isinstance(dim, int) else "?"

        def turned(tree: Tree) -> str:
            if isinstance(tree, Transpose):
                return f"without the transpose of {to_latex(tree.operand)} it would fit"
            return f"with {to_latex(tree)} transposed it would fit"

        shapes = [f"{side(rows)}x{side(columns)}" for rows, columns in (left, right)]
        message = f"a product of {shapes[0]} and {shapes[1]}, at {to_latex(before)} times {to_latex(factor)}"
        if find(left[1]) == find(right[1]):
            return f"{message}; {turned(factor)}"
        if find(left[0]) == find(right[0]):
            return f"{message}; {turned(before)}"
        return f"{message}; the other way round it would fit" if find(left[0]) == find(right[1]) else message

    def _matrix(self, tree: Matrix) -> Shape:
        widths = {len(row) for row in tree.rows}
        if len(widths) != 1:
            raise Unknown("a matrix with rows of different length")
        if any(self.shape(item) is not None for row in tree.rows for item in row):
            raise Unknown("a matrix of vectors")
        return None if tree.brackets == "|" else (len(tree.rows), widths.pop())

    def _call(self, tree: Call) -> Shape:
        shapes = [self.shape(a) for a in tree.arguments if not isinstance(a, Relation)]
        for a in tree.arguments if is_indicator(tree.function) else ():
            if isinstance(a, Relation) and a.sign in ("<", "<=", ">", ">="):
                self.shape(a)  # x may stand in 1[x > 0] only
        name = function_name(unlabelled(tree.function))
        if name == "log" and isinstance(tree.function, Indexed):
            for base in tree.function.lower:
                self.shape(base)
        if name in ("max", "min") and len(shapes) > 1:
            return self._same(shapes, str(name))
        if name in ("det", "tr") and shapes and shapes[0] is not None:
            self.layout.unite(shapes[0][0], shapes[0][1], f"{name} of a matrix that is not square")
        if name == "abs" and shapes and shapes[0] is not None and _square(shapes[0]):
            return None  # bars around a square matrix: its determinant
        if name in ("norm", "det", "tr", "max", "min", "sum", "mean", "logsumexp"):
            return None
        if isinstance(tree.function, Indexed) and name == "softmax":
            return None
        if name == "diag" and shapes and shapes[0] is not None:
            rows, columns = shapes[0]
            return (rows, rows) if columns == 1 else (rows, 1)
        if name == "softmax" and len(shapes) > 1 and not any(shapes):
            return (len(shapes), 1)
        if name in TABLE or name in ("softmax", "sqrt", "log", "exp") or name is None:
            return shapes[0] if shapes else None
        return None

    def _big(self, tree: Big) -> Shape:
        layout = self.layout
        for variable in tree.variables:
            dim = layout.letters.setdefault(variable, ("range", variable))
            if tree.upper is not None:
                if isinstance(tree.upper, Number):
                    if tree.upper.digits.isdigit() and tree.upper.value < 10_000:
                        more = 2 * SLACK if layout.apart else 1 - layout.origin
                        layout.prefer(dim, int(tree.upper.value) + more)
                elif layout.apart or (tree.upper in layout.sizes and self._from_zero(tree, variable)):
                    for node in tree.upper.walk():
                        if node in layout.sizes:
                            layout.longer(dim, ("size", node), SLACK if layout.apart else 1)
                        elif is_letter(node):
                            layout.unite(dim, self._index(node), "the range of a sum")
                elif tree.upper in layout.sizes:
                    layout.unite(dim, ("size", tree.upper), "the range of a sum")
                else:
                    for node in tree.upper.walk():
                        if node in layout.sizes:
                            layout.unite(dim, ("size", node), "the range of a sum")
                        elif is_letter(node):
                            layout.unite(dim, self._index(node), "the range of a sum")
        for part in (tree.condition, tree.domain):
            if part is not None:
                self.shape(part)
        if tree.operator in ("int", "lim"):
            for bound in (tree.lower, tree.upper):
                self._bound(bound)
        body = self.shape(tree.body)
        if tree.operator in ("argmax", "argmin"):
            return None if len(tree.variables) == 1 else (len(tree.variables), 1)
        return body

    def _from_zero(self, tree: Big, variable: Tree) -> bool:
        """Whether the sum runs over entries of which the first is number 0."""
        return bool(_summed(tree, variable) & self.layout.from_zero)

    def _bound(self, bound: Tree | None) -> None:
        """The names in a bound need a value; infinity and the side of a limit are none."""
        if bound is None or infinite(bound):
            return
        side = isinstance(bound, Power) and bound.exponent in (Name("+"), Name("-"))
        self.shape(bound.base if side and isinstance(bound, Power) else bound)

    def _derivative(self, tree: Derivative) -> Shape:
        if tree.of is None:
            raise Unknown("a derivative of nothing")
        top = self.shape(tree.of)
        wrt = [self.shape(v) for v in tree.wrt]
        if all(v is None for v in wrt):
            return top
        if len(wrt) != 1 or wrt[0] is None:
            raise Unknown("a higher derivative by a vector")
        if top is None:
            return wrt[0]
        if top[1] != 1 or wrt[0][1] != 1:
            raise Unknown("the derivative of a matrix by a matrix")
        return (wrt[0][0], top[0]) if tree.kind == "nabla" else (top[0], wrt[0][0])


def _summed(tree: Big, variable: Tree) -> set[Tree]:
    """The families of which a sum goes through the entries."""
    return {
        access(n)[0]
        for n in tree.body.walk()
        if isinstance(n, Indexed) and any(variable in i.walk() for i in access(n)[1])
    }


def only_explicit(trees: Iterable[Tree]) -> bool:
    """Whether entries are spoken of only in sums that say how far they run, so that more entries than those
    change nothing."""
    trees = list(trees)
    nodes = [node for tree in trees for node in tree.walk()]
    entries = [n for n in nodes if isinstance(n, Indexed) and access(n)[1]]
    bounded = {v for n in nodes if isinstance(n, Big) and n.upper is not None for v in n.variables}
    letters = {i for n in entries for index in access(n)[1] for i in index.walk() if is_letter(i)}
    bases = [access(n)[0] for n in entries]
    whole = sum(n in bases for n in nodes) > len(entries)
    letters -= size_names(trees)
    return letters <= bounded and all(isinstance(base, Name) for base in bases) and not whole


def _nesting(tree: Tree) -> int:
    """How many letters run within each other."""
    if not tree.has(Big):
        return 0
    inside = max((_nesting(child) for child in tree.children()), default=0)
    return inside + (max(1, len(tree.variables)) if isinstance(tree, Big) else 0)


def _declared_sizes(declared: Mapping[Tree, Shape]) -> set[Tree]:
    """The n of ``A: n x n``."""
    dims = [dim for shape in declared.values() if shape is not None for dim in shape]
    return {dim[1] for dim in dims if isinstance(dim, tuple) and isinstance(dim[1], Name)}


def _square(shape: Shape) -> bool:
    return shape is not None and shape[0] == shape[1] != 1


def _axes(shape: Shape) -> tuple[Dim, ...]:
    if shape is None:
        return ()
    return (shape[0],) if shape[1] == 1 else shape


def why(tree: Tree) -> str:
    kind = type(tree).__name__
    reasons = {
        "Ellipsis": "something is left out (dots)",
        "Text": "words stand inside the formula",
        "Hole": "a piece could not be read",
    }
    return reasons.get(kind, f"{kind} has no value")
