"""Normal forms of scalar formulas: quotients of polynomials in *atoms* that commute.

An atom is a name, an entry, ``exp`` of one product, a logarithm, an absolute value, a root, a sum over an
index, a product of matrices that is a number. Two formulas with the same normal form are equal wherever
both have a value: each rule used on the way (exp of a sum is a product, log of a product of positive
factors is a sum, ...) holds there. The converse is false: what has different normal forms may still be
equal, so nothing is refuted here.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt

from derive.judging.limits import spend

MAX_TERMS = 250
MAX_EXPONENT = 40

Mono = tuple[tuple[int, Fraction], ...]  # (atom, exponent), by rising atom
Poly = dict[Mono, Fraction]
ONE: Mono = ()


class NoProof(Exception):  # noqa: N818 - it says that no proof was found, which is no error
    """The rules do not reach this formula, or it grows too long."""


@dataclass(frozen=True)
class Ratio:
    """A quotient of two polynomials."""

    top: Poly
    bottom: Poly

    @property
    def constant(self) -> Fraction | None:
        """Its value if it is a number."""
        if not self.top:
            return Fraction(0)
        if self.bottom == {ONE: Fraction(1)} and set(self.top) == {ONE}:
            return self.top[ONE]
        return None

    @property
    def single(self) -> tuple[Mono, Fraction] | None:
        """Its only term, if it has one and no denominator."""
        if len(self.top) == 1 and self.bottom == {ONE: Fraction(1)}:
            return next(iter(self.top.items()))
        return None


def frozen(x: Ratio) -> Hashable:
    """A key that is equal for equal quotients written alike."""
    return frozenset(x.top.items()), frozenset(x.bottom.items())


@dataclass(frozen=True)
class Atom:
    """What an atom is: its kind, and the normal forms inside it, which a derivative needs."""

    kind: str
    key: Hashable
    inside: Ratio | None = None
    sign: int = 0  # 2 positive, 1 never negative, 0 not known


@dataclass
class Field:
    """The atoms of one proof, and arithmetic with them."""

    atoms: list[Atom] = field(default_factory=list)
    known: dict[Hashable, int] = field(default_factory=dict)

    def atom(self, kind: str, key: Hashable, inside: Ratio | None = None, sign: int = 0) -> int:
        """The number of an atom; the same for the same kind and key."""
        name = (kind, key)
        if name not in self.known:
            self.known[name] = len(self.atoms)
            self.atoms.append(Atom(kind, key, inside, sign))
        return self.known[name]

    def of(self, atom: int, exponent: Fraction | int = 1) -> Ratio:
        """An atom as a formula."""
        return Ratio({((atom, Fraction(exponent)),): Fraction(1)}, {ONE: Fraction(1)})

    # -- polynomials -----------------------------------------------------------------------------------------

    def _times(self, p: Poly, q: Poly) -> Poly:
        if len(p) * len(q) > 40 * MAX_TERMS:
            raise NoProof
        spend(20 * len(p) * len(q))
        result: Poly = {}
        for m, a in p.items():
            for n, b in q.items():
                for mono, c in self._product(m, n).items():
                    result[mono] = result.get(mono, Fraction(0)) + a * b * c
        result = {mono: c for mono, c in result.items() if c}
        if len(result) > MAX_TERMS:
            raise NoProof
        return result

    def _product(self, m: Mono, n: Mono) -> Poly:
        if not m or not n:
            return {m or n: Fraction(1)}
        exponents = dict(m)
        for atom, e in n:
            exponents[atom] = exponents.get(atom, Fraction(0)) + e
        return self._reduced(exponents)

    def _reduced(self, exponents: dict[int, Fraction]) -> Poly:
        """A product of powers, with ``|x|^2 = x^2``, ``cos^2 = 1 - sin^2`` and roots squared put in."""
        for atom, e in exponents.items():
            if abs(e) > MAX_EXPONENT:
                raise NoProof
            row = self.atoms[atom]
            inside = row.inside
            if row.kind == "delta" and e > 1:
                return self._reduced({**exponents, atom: Fraction(1)})
            if inside is None or e < 1 or inside.bottom != {ONE: Fraction(1)}:
                continue
            rest = {k: v for k, v in exponents.items() if k != atom}
            if row.kind == "abs" and e >= 2:
                return self._times(self._reduced({**rest, atom: e - 2}), self._times(inside.top, inside.top))
            if row.kind == "root":
                return self._times(self._reduced({**rest, atom: e - 1}), inside.top)
            if row.kind == "cos" and e >= 2:
                sine = self.of(self.atom("sin", frozen(inside), inside)).top
                circle = self._plus({ONE: Fraction(1)}, self._times(sine, sine), -1)
                return self._times(self._reduced({**rest, atom: e - 2}), circle)
        return {tuple(sorted((a, e) for a, e in exponents.items() if e)): Fraction(1)}

    @staticmethod
    def _plus(p: Poly, q: Poly, sign: int = 1) -> Poly:
        result = dict(p)
        for mono, c in q.items():
            result[mono] = result.get(mono, Fraction(0)) + sign * c
        return {mono: c for mono, c in result.items() if c}

    # -- quotients -------------------------------------------------------------------------------------------

    def number(self, x: Fraction | int) -> Ratio:
        """A number as a formula."""
        return Ratio({ONE: Fraction(x)} if x else {}, {ONE: Fraction(1)})

    def add(self, a: Ratio, b: Ratio, sign: int = 1) -> Ratio:
        """``a + b``."""
        if a.bottom == b.bottom:
            return self.quotient(self._plus(a.top, b.top, sign), a.bottom)
        top = self._plus(self._times(a.top, b.bottom), self._times(b.top, a.bottom), sign)
        return self.quotient(top, self._times(a.bottom, b.bottom))

    def multiply(self, a: Ratio, b: Ratio) -> Ratio:
        """``a b``."""
        if a.top == b.bottom:
            return self.quotient(b.top, a.bottom)
        if b.top == a.bottom:
            return self.quotient(a.top, b.bottom)
        return self.quotient(self._times(a.top, b.top), self._times(a.bottom, b.bottom))

    def divide(self, a: Ratio, b: Ratio) -> Ratio:
        """``a / b``."""
        if not b.top:
            raise NoProof
        return self.multiply(a, Ratio(b.bottom, b.top))

    def quotient(self, top: Poly, bottom: Poly) -> Ratio:
        """A quotient with what is common to all terms of the denominator taken out of it."""
        for _ in range(6):
            atom = next((a for m in bottom for a, e in m if e > 0 and self._is_root(a)), None)
            if atom is None:
                break  # 1/sqrt(p) is sqrt(p)/p
            inside = self.atoms[atom].inside
            if inside is None or len(bottom) > 1:
                break
            other = self.of(atom, 1 - dict(next(iter(bottom)))[atom]).top
            top, bottom = self._times(top, other), self._times(bottom, other)
        if not top:
            return Ratio({}, {ONE: Fraction(1)})
        common = self._common(bottom)
        scale = bottom[min(bottom)]
        inverse: Poly = {tuple((a, -e) for a, e in common): 1 / scale}
        if common or scale != 1:
            top, bottom = self._times(top, inverse), self._times(bottom, inverse)
        if len(bottom) > 1 and len(top) == len(bottom):
            shift = self._shift(top, bottom)
            if shift is not None:
                return Ratio({shift[0]: shift[1]}, {ONE: Fraction(1)})
        return Ratio(top, bottom)

    def _is_root(self, atom: int) -> bool:
        return self.atoms[atom].kind == "root"

    def _common(self, p: Poly) -> Mono:
        """What divides every term: each atom of any with its least exponent."""
        least: dict[int, Fraction] = {}
        for atom in {a for m in p for a, _ in m}:
            e = min(dict(m).get(atom, Fraction(0)) for m in p)
            if e:
                least[atom] = e
        return tuple(sorted(least.items()))

    def _shift(self, p: Poly, q: Poly) -> tuple[Mono, Fraction] | None:
        """``(m, c)`` if p is ``c m q``."""
        common = self._common(p)
        bare = self._times(p, {tuple((a, -e) for a, e in common): Fraction(1)})
        if set(bare) != set(q):
            return None
        ratios = {bare[m] / q[m] for m in q}
        return (common, ratios.pop()) if len(ratios) == 1 else None

    def power(self, x: Ratio, n: int) -> Ratio:
        """``x^n``."""
        if abs(n) > MAX_EXPONENT:
            raise NoProof
        if n < 0:
            return self.divide(self.number(1), self.power(x, -n))
        single = x.single
        if single is not None and all(
            self.atoms[a].kind not in ("abs", "root", "cos", "delta") for a, _ in single[0]
        ):
            return Ratio({tuple((a, e * n) for a, e in single[0] if n): single[1] ** n}, {ONE: Fraction(1)})
        result = self.number(1)
        for _ in range(n):
            result = self.multiply(result, x)
        return result

    def equal(self, a: Ratio, b: Ratio) -> bool:
        """Whether two normal forms are the same."""
        if a == b:
            return True
        return self._times(a.top, b.bottom) == self._times(b.top, a.bottom)

    # -- signs -----------------------------------------------------------------------------------------------

    def sign(self, p: Poly) -> int:
        """2 if every term is positive, 1 if none is negative (and 2 needs one that is positive), 0 not
        known.
        """
        strongest = 0
        for mono, c in p.items():
            signs = [
                2 if self.atoms[a].sign == 2 else 1 if self._never_negative(a, e) else 0 for a, e in mono
            ]
            if c < 0 or 0 in signs:
                return 0
            strongest = max(strongest, min(signs, default=2))
        return strongest

    def _never_negative(self, atom: int, e: Fraction) -> bool:
        return self.atoms[atom].sign >= 1 or (e.denominator == 1 and e % 2 == 0)

    def positive(self, x: Ratio) -> bool:
        """Whether it is positive wherever it has a value."""
        return self.sign(x.top) == 2 and self.sign(x.bottom) == 2

    # -- functions -------------------------------------------------------------------------------------------

    def exp(self, x: Ratio) -> Ratio:
        """``exp(a + b) = exp(a) exp(b)``, ``exp(c log a) = a^c``."""
        if x.top and x.bottom != {ONE: Fraction(1)}:
            lead = x.top[min(x.top)]
            unit = Ratio({m: c / lead for m, c in x.top.items()}, x.bottom)
            return self.of(self.atom("exp", frozen(unit), unit, 2), lead)
        result = self.number(1)
        for mono, c in x.top.items():
            if len(mono) == 1 and mono[0][1] == 1 and self.atoms[mono[0][0]].kind == "log":
                inside = self.atoms[mono[0][0]].inside
                if inside is not None and (power := self._rational_power(inside, c)) is not None:
                    result = self.multiply(result, power)
                    continue
            one = Ratio({mono: Fraction(1)}, {ONE: Fraction(1)})
            result = self.multiply(result, self.of(self.atom("exp", frozen(one), one, 2), c))
        return result

    def _rational_power(self, x: Ratio, c: Fraction) -> Ratio | None:
        if c.denominator == 1:
            return self.power(x, int(c))
        return self.root(x, c)

    def log(self, x: Ratio) -> Ratio:
        """``log(a b) = log a + log b`` for positive a and b, ``log(a^c) = c log a``, ``log(exp a) = a``."""
        if not self.positive(x):
            return self.of(self.atom("log", frozen(x), x))
        return self.add(self._log(x.top), self._log(x.bottom), -1)

    def _log(self, p: Poly) -> Ratio:
        # Divided by its least term, so that log(1 + e^x) and log(1 + e^-x) have the same logarithm in them.
        atoms = sorted({a for m in p for a, _ in m})
        least = min(p, key=lambda m: [dict(m).get(a, Fraction(0)) for a in atoms])
        if any(self.atoms[a].sign < 2 for a, _ in least):
            x = Ratio(p, {ONE: Fraction(1)})
            return self.of(self.atom("log", frozen(x), x))
        result = self._log_number(p[least])
        for atom, e in least:
            row = self.atoms[atom]
            if row.kind == "exp" and row.inside is not None:
                inner = row.inside
            else:
                inner = self.of(self.atom("log", frozen(self.of(atom)), self.of(atom)))
            result = self.add(result, self.multiply(self.number(e), inner))
        rest = self._times(p, {tuple((a, -e) for a, e in least): 1 / p[least]})
        if rest != {ONE: Fraction(1)}:
            x = Ratio(rest, {ONE: Fraction(1)})
            result = self.add(result, self.of(self.atom("log", frozen(x), x)))
        return result

    def _log_number(self, x: Fraction) -> Ratio:
        """``log 12 = 2 log 2 + log 3``."""
        result = self.number(0)
        for n, sign in ((x.numerator, 1), (x.denominator, -1)):
            for prime, e in factors(n).items():
                inside = self.number(prime)
                logarithm = self.of(self.atom("log", prime, inside, 2))
                result = self.add(result, self.multiply(self.number(sign * e), logarithm))
        return result

    def root(self, x: Ratio, exponent: Fraction) -> Ratio:
        """``x^exponent`` for a fraction, where it has a value: ``(a b)^(1/2) = a^(1/2) b^(1/2)`` for
        positive ones.
        """
        if not x.top:
            raise NoProof
        if self.positive(x) and len(x.top) == 1 and len(x.bottom) == 1:
            (mono, c), (below, d) = next(iter(x.top.items())), next(iter(x.bottom.items()))
            exponents = dict(mono)
            for atom, e in below:
                exponents[atom] = exponents.get(atom, Fraction(0)) - e
            plain = {a: e * exponent for a, e in exponents.items()}
            scale = self._number_power(c / d, exponent)
            return self.multiply(scale, Ratio(self._reduced(plain), {ONE: Fraction(1)}))
        if x.bottom != {ONE: Fraction(1)}:
            if self.positive(x):
                bottom = self.root(Ratio(x.bottom, {ONE: Fraction(1)}), exponent)
                return self.divide(self.root(Ratio(x.top, {ONE: Fraction(1)}), exponent), bottom)
            raise NoProof
        whole = exponent.numerator // exponent.denominator
        if exponent.denominator == 2:
            square = x.single
            if (
                square is not None
                and square[1] > 0
                and all(e.denominator == 1 and e % 2 == 0 for _, e in square[0])
            ):
                half = Ratio({tuple((a, e / 2) for a, e in square[0]): Fraction(1)}, {ONE: Fraction(1)})
                scale = self._number_power(square[1], exponent)
                return self.multiply(scale, self.power(self.absolute(half), exponent.numerator))
        content = abs(x.top[min(x.top)])
        unit = Ratio({m: c / content for m, c in x.top.items()}, x.bottom)
        atom = self.atom("root", frozen(unit), unit, 2 if self.positive(unit) else 1)
        fraction = self.multiply(self._number_power(content, exponent), self.of(atom, exponent - whole))
        return self.multiply(fraction, self.power(unit, whole))

    def _number_power(self, x: Fraction, exponent: Fraction) -> Ratio:
        result = self.number(1)
        for n, sign in ((x.numerator, 1), (x.denominator, -1)):
            for prime, e in factors(n).items():
                total = sign * e * exponent
                whole = total.numerator // total.denominator
                result = self.multiply(result, self.number(Fraction(prime) ** whole))
                if total != whole:
                    inside = self.number(prime)
                    atom = self.atom("root", prime, inside, 2)
                    result = self.multiply(result, self.of(atom, total - whole))
        return result

    def absolute(self, x: Ratio) -> Ratio:
        """``|x|``: ``|-x| = |x|``, ``|a b| = |a| |b|``, and x itself if it is positive."""
        if not x.top or self.positive(x):
            return x
        if self.positive(Ratio(self._times(x.top, {ONE: Fraction(-1)}), x.bottom)):
            return self.multiply(self.number(-1), x)
        if x.bottom != {ONE: Fraction(1)}:
            return self.divide(
                self.absolute(Ratio(x.top, {ONE: Fraction(1)})),
                self.absolute(Ratio(x.bottom, {ONE: Fraction(1)})),
            )
        single = x.single
        if single is not None and (len(single[0]) > 1 or any(e != 1 for _, e in single[0])):
            result = self.number(abs(single[1]))
            for atom, e in single[0]:
                if e.denominator != 1:
                    raise NoProof
                result = self.multiply(result, self.power(self.absolute(self.of(atom)), int(e)))
            return result
        content = x.top[min(x.top)]
        unit = Ratio({m: c / content for m, c in x.top.items()}, x.bottom)
        return self.multiply(self.number(abs(content)), self.of(self.atom("abs", frozen(unit), unit, 1)))


def factors(n: int) -> Mapping[int, int]:
    """The prime factors of a natural number; what is left beyond small primes counts as one.

    >>> factors(12)
    {2: 2, 3: 1}
    """
    found: dict[int, int] = {}
    prime = 2
    while n > 1 and prime <= min(isqrt(n), 1000):
        while n % prime == 0:
            found[prime] = found.get(prime, 0) + 1
            n //= prime
        prime += 1
    if n > 1:
        found[n] = found.get(n, 0) + 1
    return found
