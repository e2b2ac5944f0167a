"""Proofs about matrices: sums of words of letters that do not commute, with scalar normal forms before them.

``(AB)^T = B^T A^T``, ``(A + B)^2 = A^2 + AB + BA + B^2``, ``x^T A y = y^T A^T x``, a cyclic trace, and the
gradient of a scalar by a vector or a matrix: d tr(P X S) is ``P^T S^T`` in the shape of X.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from derive.judging.identities import Setting
from derive.judging.layout import Dim, Layout
from derive.judging.names import IDENTITY, access, function_name, unlabelled
from derive.judging.normal import ONE, NoProof, Ratio, frozen
from derive.judging.normal_latex import shown
from derive.judging.proof import Normaliser, Steps, end_of_proof, put_in
from derive.judging.trees import both_lists, canonical
from derive.reading import to_latex
from derive.reading.tree import (
    Add,
    Call,
    Derivative,
    Divide,
    Indexed,
    Multiply,
    Name,
    Negative,
    Number,
    Power,
    Transpose,
    Tree,
)

MAX_WORDS = 60
MAX_LETTERS = 16


@dataclass(frozen=True)
class Letter:
    """A matrix: its key, whether it is transposed or inverted, and what is known of it."""

    key: Hashable
    rows: Dim
    columns: Dim
    transposed: bool = False
    inverted: bool = False
    form: str = ""

    @property
    def turned(self) -> Letter:
        """Its transpose."""
        if self.form in ("symmetric", "positive definite", "diagonal"):
            return self
        if self.form == "orthogonal":
            return replace(self, inverted=not self.inverted)
        return replace(self, rows=self.columns, columns=self.rows, transposed=not self.transposed)


Word = tuple[Letter, ...]


@dataclass(frozen=True)
class Matrix:
    """A sum of words, each with its scalar before it."""

    words: dict[Word, Ratio]


@dataclass
class Words(Normaliser):
    """Formulas with matrices to normal forms."""

    layout: Layout = field(default_factory=lambda: Layout(set(), set(), set()))
    meaning: dict[int, tuple[str, Word]] = field(default_factory=dict)  # of atoms that are words
    called: dict[Hashable, Tree] = field(default_factory=dict)  # the name of each letter

    def ratio(self, tree: Tree) -> Ratio:
        """A scalar, whatever matrices it is made of."""
        x = self.value(tree)
        if isinstance(x, Matrix):
            raise NoProof
        return x

    def value(self, tree: Tree) -> Ratio | Matrix:
        """The normal form of a scalar or a matrix. Raises :class:`NoProof`."""
        match tree:
            case Name() | Indexed():
                return self._letter(tree)
            case Transpose():
                x = self.value(tree.operand)
                if isinstance(x, Ratio):
                    return x
                if not isinstance(tree.operand, (Name, Indexed)):
                    self.rule("transpose of a product", tree, "(AB)^T = B^T A^T")
                return self._turned(x)
            case Add():
                total = self.value(tree.terms[0])
                for term in tree.terms[1:]:
                    total = self._plus(total, self.value(term))
                return total
            case Negative():
                return self._scaled(self.algebra.number(-1), self.value(tree.operand))
            case Multiply():
                return self._product(tree)
            case Divide():
                bottom = self.ratio(tree.denominator)
                return self._scaled(
                    self.algebra.divide(self.algebra.number(1), bottom), self.value(tree.numerator)
                )
            case Power():
                return self._matrix_power(tree)
            case Call():
                return self._of_matrices(tree)
            case Derivative():
                return self._gradient(tree)
            case _:
                return super().ratio(tree)

    def _letter(self, tree: Tree) -> Ratio | Matrix:
        layout = self.layout
        if isinstance(tree, Indexed) and access(tree)[1]:
            raise NoProof
        if tree == IDENTITY and tree in layout.dims:
            return Matrix({(): self.algebra.number(1)})
        dims = layout.families.get(tree, layout.dims.get(tree, ()))
        if not dims:
            return self._name(tree)
        if len(dims) > 2:
            raise NoProof
        rows, columns = layout.find(dims[0]), layout.find(dims[1]) if len(dims) == 2 else 1
        domain = self.domains.get(tree)
        self.called[canonical(tree)] = tree
        return Matrix(
            {(Letter(canonical(tree), rows, columns, form=domain.form if domain else ""),): self.one}
        )

    @property
    def one(self) -> Ratio:
        """The number 1."""
        return self.algebra.number(1)

    # -- showing ---------------------------------------------------------------------------------------------

    def written(self, atom: int) -> str | None:
        if atom not in self.meaning:
            return None
        kind, word = self.meaning[atom]
        text = self._word(word)
        return rf"\operatorname{{tr}}\left({text}\right)" if kind == "tr" and text else text

    def _word(self, word: Word) -> str | None:
        if any(letter.key not in self.called for letter in word):
            return None
        marks = {(True, False): r"^{\top}", (False, True): "^{-1}", (True, True): r"^{-\top}"}
        shown = [to_latex(self.called[i.key]) + marks.get((i.transposed, i.inverted), "") for i in word]
        return " ".join(shown) or "I"

    def shown_matrix(self, x: Matrix) -> str | None:
        """The sum of words as LaTeX; None if something in it cannot be written."""
        text = ""
        for word, c in x.words.items():
            letters, sign = self._word(word), "+"
            if (constant := c.constant) is not None and constant < 0:
                sign, c = "-", self.algebra.number(-constant)
            number = "" if c.constant == 1 else shown(self, c)
            if letters is None or number is None:
                return None
            number = rf"\left({number}\right)" if " + " in number or " - " in number else number
            text += f" {sign} {number} {letters}".replace("  ", " ")
        return text.strip().removeprefix("+ ") or "0"

    # -- arithmetic ------------------------------------------------------------------------------------------

    def _plus(self, x: Ratio | Matrix, y: Ratio | Matrix) -> Ratio | Matrix:
        if isinstance(x, Ratio) and isinstance(y, Ratio):
            return self.algebra.add(x, y)
        if isinstance(x, Ratio) or isinstance(y, Ratio):
            raise NoProof
        words = dict(x.words)
        for word, c in y.words.items():
            words[word] = self.algebra.add(words[word], c) if word in words else c
        return Matrix({word: c for word, c in words.items() if c.top})

    def _scaled(self, c: Ratio, x: Ratio | Matrix) -> Ratio | Matrix:
        if isinstance(x, Ratio):
            return self.algebra.multiply(c, x)
        return Matrix({word: self.algebra.multiply(c, d) for word, d in x.words.items()})

    def _turned(self, x: Matrix) -> Matrix:
        return Matrix({tuple(letter.turned for letter in reversed(word)): c for word, c in x.words.items()})

    def _times(self, x: Matrix, y: Matrix) -> Ratio | Matrix:
        result: dict[Word, Ratio] = {}
        for u, a in x.words.items():
            for v, b in y.words.items():
                word = _cancelled(u + v)
                if len(word) > MAX_LETTERS or len(result) > MAX_WORDS:
                    raise NoProof
                c = self.algebra.multiply(a, b)
                result[word] = self.algebra.add(result[word], c) if word in result else c
        return self._as_number(Matrix({word: c for word, c in result.items() if c.top}))

    def _as_number(self, x: Matrix) -> Ratio | Matrix:
        """A matrix of one row and one column is a number, and its own transpose."""
        if not x.words or not all(word and word[0].rows == 1 and word[-1].columns == 1 for word in x.words):
            return x
        total = self.algebra.number(0)
        for word, c in x.words.items():
            total = self.algebra.add(total, self.algebra.multiply(c, self._scalar("word", word)))
        return total

    def _scalar(self, kind: str, word: Word) -> Ratio:
        # A product splits where a column meets a row: x^T y z^T w are two numbers.
        for k in range(1, len(word)):
            if kind == "word" and word[k].rows == 1:
                return self.algebra.multiply(self._scalar(kind, word[:k]), self._scalar(kind, word[k:]))
        back = tuple(letter.turned for letter in reversed(word))
        forms = [word, back]
        if kind == "tr":
            forms = [w[k:] + w[:k] for w in forms for k in range(len(w))]
            for form in forms:
                if form[0].rows == 1:
                    return self._scalar("word", form)
        best = min(forms, key=repr)
        square = kind == "word" and len(best) % 2 == 0 and best == tuple(i.turned for i in reversed(best))
        atom = self.algebra.atom(kind, best, None, 1 if square and self._mirrored(best) else 0)
        self.meaning[atom] = (kind, best)
        return self.algebra.of(atom)

    @staticmethod
    def _mirrored(word: Word) -> bool:
        """Whether it is ``v^T v``: the second half is the first turned round."""
        half = len(word) // 2
        return tuple(letter.turned for letter in reversed(word[:half])) == word[half:]

    def _product(self, tree: Multiply) -> Ratio | Matrix:
        if {"odot", "otimes", "*"} & set(tree.signs):
            raise NoProof
        current = self.value(tree.factors[0])
        for sign, before, factor in zip(tree.signs, tree.factors, tree.factors[1:], strict=False):
            x = self.value(factor)
            if isinstance(current, Ratio):
                current = self._scaled(current, x)
            elif isinstance(x, Ratio):
                current = self._scaled(x, current)
            else:
                if _columns(current) and _columns(x) and (sign == "cdot" or both_lists(before, factor)):
                    current = self._turned(current)
                current = self._times(current, x)
        return current

    def _matrix_power(self, tree: Power) -> Ratio | Matrix:
        if tree.base == Name("e"):
            return super()._power(tree)
        base = self.value(tree.base)
        if isinstance(base, Ratio):
            return super()._power(tree)
        n = self.ratio(tree.exponent).constant
        if n is None or n.denominator != 1 or n == 0 or abs(n) > 6:
            raise NoProof
        if n < 0:
            if not isinstance(tree.base, (Name, Indexed)):
                self.rule("inverse of a product", tree, "(AB)^{-1} = B^{-1} A^{-1}")
            base = self._inverse(base)
        result: Ratio | Matrix = base
        for _ in range(abs(int(n)) - 1):
            assert isinstance(result, Matrix)
            result = self._times(result, base)
        return result

    def _inverse(self, x: Matrix) -> Matrix:
        if len(x.words) == 1:
            word, c = next(iter(x.words.items()))
            if all(letter.rows == letter.columns for letter in word):
                turned = tuple(replace(letter, inverted=not letter.inverted) for letter in reversed(word))
                return Matrix({turned: self.algebra.divide(self.one, c)})
        first = next(iter(x.words))
        side = first[0].rows if first else next((w[0].rows for w in x.words if w), None)
        if side is None:
            raise NoProof
        whole = frozenset((word, frozen(c)) for word, c in x.words.items())
        turned_whole = frozenset((word, frozen(c)) for word, c in self._turned(x).words.items())
        symmetric = "symmetric" if whole == turned_whole else ""
        key = min((whole, turned_whole), key=repr)
        return Matrix({(Letter(("inverse", key), side, side, key != whole, form=symmetric),): self.one})

    # -- functions -------------------------------------------------------------------------------------------

    def _of_matrices(self, tree: Call) -> Ratio | Matrix:
        function = unlabelled(tree.function)
        name = function_name(function)
        if name in ("tr", "norm", "det") and len(tree.arguments) == 1:
            x = self.value(tree.arguments[0])
            if isinstance(x, Matrix):
                return self._of_one(name, x, tree)
        return super()._call(tree)

    def _of_one(self, name: str, x: Matrix, tree: Call) -> Ratio:
        a = self.algebra
        if name == "tr":
            self.rule("cyclic trace", tree, "tr(AB) = tr(BA), tr(A^T) = tr(A)")
            return self._trace(x)
        if name == "norm":
            label = (
                tree.function.lower[0] if isinstance(tree.function, Indexed) and tree.function.lower else None
            )
            if label not in (None, Number("2"), Name("F")) or (label != Name("F") and not _columns(x)):
                raise NoProof
            self.rule("definition of the norm", tree, r"\|x\|^2 = x^T x")
            square = self._times(self._turned(x), x)
            total = square if isinstance(square, Ratio) else self._trace(square)
            return a.root(total, Fraction(1, 2))
        if len(x.words) != 1:
            raise NoProof
        word, c = next(iter(x.words.items()))
        if c.constant != 1 or any(letter.rows != letter.columns for letter in word):
            raise NoProof
        self.rule("determinant of a product", tree, r"\det(AB) = \det A \det B")
        result = a.number(1)
        for letter in word:
            atom = a.of(a.atom("det", (letter.key, letter.rows)))
            result = a.divide(result, atom) if letter.inverted else a.multiply(result, atom)
        return result

    def _trace(self, x: Matrix) -> Ratio:
        total = self.algebra.number(0)
        for word, c in x.words.items():
            if not word:
                raise NoProof
            total = self.algebra.add(total, self.algebra.multiply(c, self._scalar("tr", word)))
        return total

    # -- gradients -------------------------------------------------------------------------------------------

    def _gradient(self, tree: Derivative) -> Ratio | Matrix:
        if (
            tree.of is None
            or tree.at is not None
            or len(tree.wrt) != 1
            or isinstance(tree.of, (Name, Indexed))
        ):
            raise NoProof
        by = self.value(tree.wrt[0])
        if isinstance(by, Ratio):
            return super()._derivative(tree)
        if [len(word) for word in by.words] != [1]:  # by z, for which W x + b was put in
            raise NoProof
        ((letter,),) = by.words
        of = self.value(tree.of)
        self.rule("gradient of a product", tree, r"d \operatorname{tr}(P X S) = \operatorname{tr}(S P\, dX)")
        if isinstance(of, Ratio):
            return self._gradient_of(of, letter)
        if letter.columns != 1 or tree.kind == "dot":
            raise NoProof
        words: dict[Word, Ratio] = {}
        for word, c in of.words.items():
            if self._speaks(word[:-1], letter) or self._scalar_speaks(c, letter):
                raise NoProof
            if word[-1] == letter:
                words[word[:-1]] = c
            elif self._speaks(word, letter):
                raise NoProof
        jacobian = Matrix(words)
        return self._turned(jacobian) if tree.kind == "nabla" else jacobian

    def _gradient_of(self, x: Ratio, by: Letter) -> Matrix:
        a = self.algebra
        bare = {ONE: Fraction(1)}
        top, bottom = self._gradient_of_terms(x.top, by), self._gradient_of_terms(x.bottom, by)
        over = Ratio(x.bottom, bare)
        crossed = self._plus(
            self._scaled(over, top), self._scaled(Ratio({m: -c for m, c in x.top.items()}, bare), bottom)
        )
        result = self._scaled(a.divide(a.number(1), a.multiply(over, over)), crossed)
        assert isinstance(result, Matrix)
        return result

    def _gradient_of_terms(self, p: dict[tuple[tuple[int, Fraction], ...], Fraction], by: Letter) -> Matrix:
        a = self.algebra
        total: Ratio | Matrix = Matrix({})
        for mono, c in p.items():
            for k, (atom, e) in enumerate(mono):
                rest = (*mono[:k], *(((atom, e - 1),) if e != 1 else ()), *mono[k + 1 :])
                inner = self._atom_gradient(atom, by)
                if inner.words:
                    total = self._plus(
                        total, self._scaled(a.quotient({rest: c * e}, {ONE: Fraction(1)}), inner)
                    )
        assert isinstance(total, Matrix)
        return total

    def _atom_gradient(self, atom: int, by: Letter) -> Matrix:
        a = self.algebra
        row = a.atoms[atom]
        if atom in self.meaning:
            _kind, word = self.meaning[atom]
            total: Ratio | Matrix = Matrix({})
            for k, letter in enumerate(word):
                if letter.key == by.key and not letter.inverted:
                    rest = word[k + 1 :] + word[:k]  # tr(P X S) = tr(X S P)
                    if letter == by:
                        rest = tuple(i.turned for i in reversed(rest))
                    total = self._plus(total, Matrix({_cancelled(rest): self.one}))
                elif self._speaks((letter,), by):
                    raise NoProof
            assert isinstance(total, Matrix)
            return total
        if row.inside is None:
            if repr(by.key) in repr(row.key) or row.kind in ("det", "function"):
                raise NoProof
            return Matrix({})
        inner = self._gradient_of(row.inside, by)
        if not inner.words:
            return inner
        outer = {
            "exp": lambda x: a.of(atom),
            "log": lambda x: a.divide(self.one, x),
            "root": lambda x: a.divide(a.of(atom), x),
            "abs": lambda x: a.divide(a.of(atom), x),
        }
        if row.kind not in outer:
            raise NoProof
        result = self._scaled(outer[row.kind](row.inside), inner)
        assert isinstance(result, Matrix)
        return result

    @staticmethod
    def _speaks(word: Word, letter: Letter) -> bool:
        return repr(letter.key) in repr([i.key for i in word])

    def _scalar_speaks(self, c: Ratio, letter: Letter) -> bool:
        return bool(self._gradient_of(c, letter).words)


def _columns(x: Matrix) -> bool:
    return all(word and word[-1].columns == 1 and word[0].rows != 1 for word in x.words)


def _cancelled(word: Word) -> Word:
    result: list[Letter] = []
    for letter in word:
        if (
            result
            and result[-1] == replace(letter, inverted=not letter.inverted)
            and letter.rows == letter.columns
        ):
            result.pop()
        else:
            result.append(letter)
    return tuple(result)


def prove_matrices(left: Tree, right: Tree, layout: Layout, setting: Setting) -> Steps | None:
    """The steps that bring both sides to one sum of words; None if the rules do not reach that."""
    made = Words(setting.domains, setting.convention, layout=layout)
    x, y = made.value(put_in(left, setting)), made.value(put_in(right, setting))
    if isinstance(x, Ratio) and isinstance(y, Ratio):
        same = made.algebra.equal(x, y)
    elif isinstance(x, Matrix) and isinstance(y, Matrix):
        same = set(x.words) == set(y.words) and all(
            made.algebra.equal(x.words[w], y.words[w]) for w in x.words
        )
    else:
        return None
    if not same:
        return None
    return end_of_proof(made, left, shown(made, x) if isinstance(x, Ratio) else made.shown_matrix(x))
