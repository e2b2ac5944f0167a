"""How a result is got: the steps of a derivation, as a person would show them."""

from derive.derivation.derivation import (
    Derivation,
    Section,
    UnknownVariableError,
    derive_gradient,
    derive_program,
)

__all__ = ["Derivation", "Section", "UnknownVariableError", "derive_gradient", "derive_program"]
