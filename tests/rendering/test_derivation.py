"""What is printed of a derivation: it compiles, it is well-formed, it has the keys that others rely on."""

import json
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from derive import ops
from derive.derivation import derive_gradient
from derive.rendering import derivation as rendering

EVERYTHING = [
    pytest.param(name, given.name, order, id=f"{name}-{given.name}-{order}")
    for name in ops.names()
    for given in ops.operation(name).differentiable
    for order in (1, 2)
    if order == 1 or ops.operation(name).output.rank + 2 * given.tensor.rank <= 2
]


@pytest.mark.parametrize(("name", "wrt", "order"), EVERYTHING)
def test_json_and_page(name, wrt, order):
    """The promised keys, and a page that is well formed, of one derivation."""
    made = derive_gradient(ops.operation(name), wrt, order)
    found = rendering.as_dict(made)
    assert json.loads(json.dumps(found)) == found
    assert (found["operation"], found["wrt"], found["order"]) == (name, wrt, order)
    assert set(found["result"]) == {"index", "matrix"}
    for step in found["steps"]:
        assert {"rule", "before", "after"} <= set(step)
        assert set(step["after"]) == {"latex", "text"}
    assert found["steps"][-1]["after"] == found["result"]["index"]
    page = rendering.as_html(made)
    body = page[page.index("<body>") : page.index("</body>") + len("</body>")]
    tree = ElementTree.fromstring(body.replace("&nbsp;", " ").replace("&InvisibleTimes;", ""))
    assert len(list(tree.iter("{http://www.w3.org/1998/Math/MathML}math"))) > 2


def test_no_bound_letter_stands_for_a_free_index():
    """In the softmax's Jacobian i and j are taken: the sum in Z runs over k."""
    printed = rendering.as_text(derive_gradient(ops.operation("softmax"), "x"))
    assert "Σ_k exp(x_k)" in printed
    assert "exp(x_i) Σ_i" not in printed


def test_the_softmax_ends_as_the_textbook_has_it():
    printed = rendering.as_latex(derive_gradient(ops.operation("softmax"), "x"))
    assert printed.rstrip().endswith("&= s_i (\\delta_{ij} - s_j)\n\\end{align*}")
    hessian = rendering.as_latex(derive_gradient(ops.operation("cross_entropy"), "z", order=2))
    assert r"\operatorname{diag}(s) - s s^T" in hessian


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX engine on this machine")
def test_all_latex_compiles_with_plain_amsmath(tmp_path):
    blocks = [
        rendering.as_latex(derive_gradient(ops.operation(name), given.name, order), detail=True)
        for name in ops.names()
        for given in ops.operation(name).differentiable
        for order in (1, 2)
        if order == 1 or ops.operation(name).output.rank + 2 * given.tensor.rank <= 2
    ]
    source = tmp_path / "all.tex"
    source.write_text(rendering.standalone("\n".join(blocks)), encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", source.name],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout.decode("utf-8", "replace")[-2000:]
    assert (tmp_path / "all.pdf").stat().st_size > 10_000
