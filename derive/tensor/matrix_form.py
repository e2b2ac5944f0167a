"""An index formula of rank two or less in matrix notation: where sums become products of matrices.

A sum over a bound index is cut at that index into what has the rows and what has the columns; what has only
rows or only columns becomes a diagonal or an outer product; functions act entry by entry.
"""

from __future__ import annotations

import sympy as sp

from derive.tensor.index import Index, free_indices
from derive.tensor.matrix import (
    ONE,
    DiagonalMatrix,
    DiagonalOf,
    Elementwise,
    Hadamard,
    Identity,
    InverseOf,
    LogDeterminant,
    Matrix,
    Named,
    Ones,
    Plus,
    Quotient,
    Scalar,
    Scaled,
    Times,
    Transposed,
    Unit,
    transpose,
)
from derive.tensor.nodes import Access, Apply, Bracket, IfPositive, Inverse, LogDet, Sum, tensors_in
from derive.tensor.simplify import expand_products


class NotAMatrixFormulaError(Exception):
    """The index formula has no form in the notation of this module; the message says at which piece."""


def times(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product, scalar factors in front of it."""
    for one, rebuild in (
        (left, lambda inner: times(inner, right)),
        (right, lambda inner: times(left, inner)),
    ):
        if isinstance(one, Scaled):
            return _times_scalar(one.factor, rebuild(one.operand))
    return Times(left, right)


def plus(terms: list[Matrix]) -> Matrix:
    """The sum; products that share their right or left operand are taken together: ``(A + A^T) x``."""
    for side in ("right", "left"):
        if len(terms) > 1 and all(isinstance(term, Times) for term in terms):
            shared = {getattr(term, side) for term in terms}
            if len(shared) == 1:
                other = "left" if side == "right" else "right"
                rest = plus([getattr(term, other) for term in terms])
                return times(*((rest, *shared) if side == "right" else (*shared, rest)))
    factors = {_scale(term) for term in terms}
    if len(factors) == 1 and factors != {ONE}:
        return _times_scalar(Scalar(factors.pop()), Plus(tuple(_unscaled(term) for term in terms)))
    if len(factors) == 2 and sum(factors) == 0 and ONE not in factors:
        common = max(factors, key=lambda factor: not factor.could_extract_minus_sign())
        inner = [_times_scalar(Scalar(_scale(term) / common), _unscaled(term)) for term in terms]
        return _times_scalar(Scalar(common), Plus(tuple(inner)))
    return Plus(tuple(terms))


def _scale(term: Matrix) -> sp.Expr:
    """The plain scalar in front of a matrix."""
    return term.factor.value if isinstance(term, Scaled) and isinstance(term.factor, Scalar) else ONE


def _unscaled(term: Matrix) -> Matrix:
    return term.operand if isinstance(term, Scaled) and isinstance(term.factor, Scalar) else term


def to_matrix(expression: sp.Expr, row: Index | None, column: Index | None = None) -> Matrix:
    """The shortest matrix form of an index formula with these free indices.

    Raises :class:`NotAMatrixFormulaError` where there is none in this notation.
    """
    forms: list[Matrix] = []
    problem: NotAMatrixFormulaError | None = None
    for form in dict.fromkeys((expression, expand_products(expression))):
        try:
            forms.append(_convert(form, row, column))
        except NotAMatrixFormulaError as error:
            problem = error
    if not forms:
        assert problem is not None
        raise problem
    return min(forms, key=Matrix.weight)


def _convert(one: sp.Expr, row: Index | None, column: Index | None) -> Matrix:
    free = free_indices(one)
    if row is None and column is None and _is_scalar(one):
        return Named(one.tensor) if isinstance(one, Access) else Scalar(one)
    if row is not None and column is not None and not {row, column} <= free:
        return _spread(one, row, column)
    if row is None and column is not None:
        return transpose(_convert(one, column, None))
    if row is not None and row not in free:
        return _times_scalar(_convert(one, None, None), Ones(row.size))
    if isinstance(one, sp.Add):
        return plus([_convert(term, row, column) for term in one.args])
    if not free and not one.has(Access, Sum, Inverse, LogDet):
        return Scalar(one)
    if isinstance(one, Access):
        return _convert_access(one, row, column)
    if isinstance(one, LogDet):
        return LogDeterminant(one)
    if isinstance(one, Inverse) and row is not None and one.indices in ((row, column), (column, row)):
        inverse = InverseOf(one.tensor)
        return inverse if one.indices == (row, column) else transpose(inverse)
    if isinstance(one, Bracket):
        square = row is not None and column is not None and row.size == column.size
        if row is not None and square and one == Bracket(row - column):
            return Identity(row.size)
        given = [index for index in free if index.name.startswith("given ")]
        if len(given) == 1 and row is not None and one == Bracket(given[0] - row):
            return Unit(given[0])
        raise NotAMatrixFormulaError("a bracket picks entries out")
    if isinstance(one, sp.Mul):
        return _convert_product(list(one.args), row, column)
    if isinstance(one, Sum):
        body, bound = one.open()
        return _contract(list(sp.Mul.make_args(body)), list(bound), row, column)
    if isinstance(one, (sp.Pow, sp.Function, IfPositive, Apply)):
        return _convert_function(one, row, column)
    what = (
        "an index used as a number" if isinstance(one, Index) else f"what is called {type(one).__name__} here"
    )
    raise NotAMatrixFormulaError(what)


def _is_scalar(one: sp.Expr) -> bool:
    """Whether it is made of numbers, sizes, hyper-parameters and tensors of rank 0 alone."""
    return not one.has(Sum, Index, LogDet) and all(access.tensor.rank == 0 for access in one.atoms(Access))


def _spread(one: sp.Expr, row: Index, column: Index) -> Matrix:
    """A matrix whose entries do not depend on the row, or not on the column, or on neither."""
    free = free_indices(one)
    if row in free:
        return times(_convert(one, row, None), transpose(Ones(column.size)))
    if column in free:
        return times(Ones(row.size), transpose(_convert(one, column, None)))
    square = times(Ones(row.size), transpose(Ones(column.size)))
    return _times_scalar(_convert(one, None, None), square)


def _convert_access(one: Access, row: Index | None, column: Index | None) -> Matrix:
    pairs = zip(one.indices, one.tensor.shape, strict=True)
    if not all(isinstance(index, Index) and index.size == extent for index, extent in pairs):
        raise NotAMatrixFormulaError(f"{one.tensor.name} is read through a window")
    named = Named(one.tensor)
    if one.indices in ((), (row,), (row, column)):
        return named
    if one.indices == (column, row):
        return transpose(named)
    if one.indices == (row, row):
        return DiagonalOf(named)
    raise NotAMatrixFormulaError(f"single entries of {one.tensor.name} are read")


def _convert_function(one: sp.Expr, row: Index | None, column: Index | None) -> Matrix:
    """An elementwise function: its arguments with indices become operands."""
    arguments = [one.args[2]] if isinstance(one, Apply) else list(one.args)
    slots: dict[sp.Expr, sp.Symbol] = {}
    for argument in arguments:
        if free_indices(argument) or argument.has(Access, Sum, Inverse, LogDet):
            slots.setdefault(argument, sp.Dummy(f"slot{len(slots)}"))
    pattern = one.func(*(slots.get(argument, argument) for argument in one.args))
    operands = tuple(_convert(argument, row, column) for argument in slots)
    return Elementwise(pattern, tuple(slots.values()), operands)


def _times_scalar(factor: Matrix, operand: Matrix) -> Matrix:
    if factor == Scalar(ONE):
        return operand
    if operand == Scalar(ONE):
        return factor
    if isinstance(factor, Scaled) and isinstance(factor.factor, Scalar):
        return _times_scalar(factor.factor, _times_scalar(factor.operand, operand))
    if isinstance(factor, Scalar) and isinstance(operand, Scaled) and isinstance(operand.factor, Scalar):
        return _times_scalar(Scalar(factor.value * operand.factor.value), operand.operand)
    if isinstance(factor, Scalar) and isinstance(operand, Scalar):
        return Scalar(factor.value * operand.value)
    return Scaled(factor, operand)


def _convert_product(factors: list[sp.Expr], row: Index | None, column: Index | None) -> Matrix:
    """A product entry by entry: scalars in front, rows and columns as diagonals or outer products."""
    groups: dict[tuple[bool, bool], list[sp.Expr]] = {}
    for factor in factors:
        free = free_indices(factor)
        groups.setdefault((row in free, column in free), []).append(factor)
    numbers = groups.get((False, False), [])
    plain = [one for one in numbers if not one.has(Access, Sum, Inverse, LogDet)]
    scalars = [one for one in numbers if one.has(Access, Sum, Inverse, LogDet)]
    left = _divide(groups.get((True, False), []), row, None)
    right = _divide(groups.get((False, True), []), column, None)
    middle = _divide(groups.get((True, True), []), row, column)
    result: Matrix
    if row is None or column is None:
        result = left or right or _divide(scalars, None, None) or Scalar(ONE)
        scalars = scalars if left or right else []
    elif middle is None:
        assert left is not None
        assert right is not None
        result = times(left, transpose(right))
    elif isinstance(middle, Identity):
        combined = _elementwise([one for one in (left, right) if one is not None])
        result = middle if combined is None else DiagonalMatrix(combined)
    else:
        result = middle
        if left is not None:
            result = times(DiagonalMatrix(left), result)
        if right is not None:
            result = times(result, DiagonalMatrix(right))
    factor = _divide(scalars, None, None)
    if factor is not None:
        result = _times_scalar(factor, result)
    return _times_scalar(Scalar(sp.Mul(*plain)), result)


def _divide(factors: list[sp.Expr], row: Index | None, column: Index | None) -> Matrix | None:
    """An elementwise product of factors that all have these indices, what divides below the line."""
    above, below = [], []
    for factor in factors:
        base, exponent = factor.as_base_exp()
        if exponent.is_number and exponent.is_negative and not isinstance(factor, sp.exp):
            below.append(_convert(base**-exponent, row, column))
        else:
            above.append(_convert(factor, row, column))
    top, bottom = _elementwise(above), _elementwise(below)
    if bottom is None:
        return top
    if top is None:
        top = Scalar(ONE) if row is None else _convert(ONE, row, column)
    if isinstance(top, Scaled) and isinstance(top.factor, Scalar):
        return _times_scalar(top.factor, Quotient(top.operand, bottom))
    return Quotient(top, bottom)


def _elementwise(factors: list[Matrix]) -> Matrix | None:
    """One elementwise product; plain names first, as one writes it."""
    if not factors:
        return None
    if len(factors) == 1:
        return factors[0]
    ones = [one for one in factors if isinstance(one, Identity)]
    if all(isinstance(one, Transposed) for one in factors):
        inner = _elementwise([transpose(one) for one in factors])
        assert inner is not None
        return transpose(inner)
    if ones:
        rest = _elementwise([DiagonalOf(one) for one in factors if not isinstance(one, Identity)])
        return ones[0] if rest is None else DiagonalMatrix(rest)
    return Hadamard(tuple(sorted(factors, key=lambda one: (isinstance(one, Elementwise), one.weight()))))


def _contract(factors: list[sp.Expr], bound: list[Index], row: Index | None, column: Index | None) -> Matrix:
    """A sum over bound indices of a product: cut it at one index into a left and a right side."""
    touched = frozenset().union(*(free_indices(factor) for factor in factors))
    if not set(bound) <= touched:
        idle = sp.Mul(*(index.size for index in bound if index not in touched))
        rest = Sum(sp.Mul(*factors), *(index for index in bound if index in touched))
        return _times_scalar(Scalar(idle), _convert(rest, row, column))
    problem: NotAMatrixFormulaError | None = None
    for cut in bound:
        others = [index for index in bound if index != cut]
        try:
            return _cut(factors, cut, others, row, column)
        except NotAMatrixFormulaError as error:
            problem = error
    raise problem or NotAMatrixFormulaError("an empty sum")


def _cut(
    factors: list[sp.Expr], cut: Index, others: list[Index], row: Index | None, column: Index | None
) -> Matrix:
    components = _components(factors, others)
    plain = [one for one in components if not _free(one) & {cut, row, column, *others}]
    left = [one for one in components if row is not None and row in _free(one)]
    right = [one for one in components if column is not None and column in _free(one)]
    if any(one in right for one in left):
        joined = sorted(tensor.name for tensor in tensors_in(_sum_again(left, [])))
        raise NotAMatrixFormulaError(f"rows and columns hang together through {', '.join(joined)}")
    loose = [one for one in components if one not in left and one not in right and one not in plain]
    if left or right:
        # What holds only the cut index weights it: a column beside a matrix reads A x, not A diag(x) 1.
        (right if column is None or not left else left).extend(loose)
    else:
        left, right = loose[:1], loose[1:]
        if not right:
            left, right = [], left
    before = _sum_again(left, others)
    after = _sum_again(right, others)
    result = _product(before, after, row, cut, column)
    return _times_scalar(_convert(_sum_again(plain, others), None, None), result) if plain else result


def _product(before: sp.Expr, after: sp.Expr, row: Index | None, cut: Index, column: Index | None) -> Matrix:
    if row is None:
        return times(transpose(_convert(before, cut, None)), _convert(after, cut, column))
    return times(_convert(before, row, cut), _convert(after, cut, column))


def _free(component: list[sp.Expr]) -> frozenset[Index]:
    return frozenset().union(*(free_indices(factor) for factor in component))


def _sum_again(components: list[list[sp.Expr]], others: list[Index]) -> sp.Expr:
    body = sp.Mul(*(factor for component in components for factor in component))
    return Sum(body, *(index for index in others if index in free_indices(body)))


def _components(factors: list[sp.Expr], joining: list[Index]) -> list[list[sp.Expr]]:
    """Groups of factors that share one of the joining indices."""
    groups: list[list[sp.Expr]] = []
    for factor in factors:
        touching = [group for group in groups if _free(group) & free_indices(factor) & set(joining)]
        merged = [one for group in touching for one in group] + [factor]
        groups = [group for group in groups if group not in touching] + [merged]
    return groups
