"""The argument why gradients through time vanish or explode, as text and as LaTeX."""

from __future__ import annotations

from derive.derivation.through_time import CARRIED, ThroughTime, carried
from derive.tensor.matrix import Matrix
from derive.tensor.printing import Printer


def lines(found: ThroughTime, style: str = "text") -> list[tuple[str, str]]:
    """(formula, the reason in words) for each step of the argument."""
    printer = Printer("latex" if style == "latex" else "text")
    form = found.step.matrix
    assert isinstance(form, Matrix)
    factor = form.print(printer).replace("(z)", "(z_s)")
    slope = "" if found.slope == 1 else f"{printer(found.slope)} "
    threshold = printer(found.threshold)
    if printer.is_latex:
        whole, norm = _fraction("h_T", "h_t"), r"\sigma_{\max}(W_{hh})"
        formulas = [
            f"{_fraction('h_s', 'h_{s-1}')} = {factor}",
            rf"{whole} = \prod_{{s=t+1}}^{{T}} {factor}",
            rf"\max |{found.activation.latex}'| = {printer(found.slope)}",
            rf"\left\| {whole} \right\| \le \left({slope}{norm}\right)^{{T-t}}",
            rf"{norm} < {threshold} \Rightarrow {whole} \to 0 \quad (T - t \to \infty)",
        ]
        formulas += [
            f"{_fraction(f'{what}_t', f'{what}_{{t-1}}')} = {carried(name).print(printer)}"
            for name, what in CARRIED.items()
        ]
    else:
        formulas = [
            f"∂h_s/∂h_(s-1) = {factor}",
            f"∂h_T/∂h_t = Π_(s=t+1..T) {factor}",
            f"max |{found.activation.text}'| = {printer(found.slope)}",
            f"‖∂h_T/∂h_t‖ ≤ ({slope}σ_max(W_hh))^(T-t)",
            f"σ_max(W_hh) < {threshold}  ⇒  ∂h_T/∂h_t → 0",
        ]
        formulas += [
            f"∂{what}_t/∂{what}_(t-1) = {carried(name).print(printer)}" for name, what in CARRIED.items()
        ]
    reasons = [
        "the Jacobian of one step",
        "chain rule, the last step leftmost",
        "the greatest slope of the activation",
        "the norm of a product is at most the product of the norms",
        "then gradients vanish; only above it they can explode",
        *(f"{name.upper()}: what is carried on, the gates held" for name in CARRIED),
    ]
    return list(zip(formulas, reasons, strict=True))


def _fraction(above: str, below: str) -> str:
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


def as_text(found: ThroughTime, norm: float | None = None, steps: int | None = None) -> str:
    """For the terminal; with numbers the bound after so many steps."""
    shown = lines(found)
    width = max(len(formula) for formula, _ in shown)
    printed = [f"{formula.ljust(width)}   {reason}" for formula, reason in shown]
    if norm is not None and steps is not None:
        bound = found.bound(norm, steps)
        printed.append(f"σ_max(W_hh) = {norm:g}, T - t = {steps}: ‖∂h_T/∂h_t‖ ≤ {bound:.6g}")
    return "\n".join(printed)


def as_latex(found: ThroughTime) -> str:
    """An ``align*`` block for plain amsmath."""
    rows = [
        rf"{formula.replace(' = ', ' &= ', 1) if ' = ' in formula else '& ' + formula} && \text{{{reason}}}"
        for formula, reason in lines(found, "latex")
    ]
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"
