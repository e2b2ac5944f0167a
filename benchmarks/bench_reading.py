"""How many ordinary statements a second the reader takes, and how long a megabyte of hostile text.

Run with ``make bench``. The aims are 2,000 statements a second on one core and 5 s for a hostile
megabyte; the numbers are printed, not asserted, for they say as much about the machine as about the reader.
"""

import time
import tracemalloc

import pytest

from derive.reading import read_document, read_statements

ORDINARY = [
    r"\hat{y} = \sigma(w^T x + b)",
    r"\frac{\partial L}{\partial W^{[l]}} = \delta^{[l]} (a^{[l-1]})^T",
    r"L = -\sum_{k=1}^K y_k \log \hat{y}_k",
    r"z = 0.5 \times 1 + (-0.3) \times 2 + 0.1 = 0.0",
    r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix} \begin{bmatrix} 1 \\ -1 \end{bmatrix} = v",
    r"O = \lfloor \frac{32 - 5 + 2 \cdot 2}{1} \rfloor + 1 = 32",
    r"h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b)",
    r"f'(x) = 2x e^{-x} - x^2 e^{-x}",
    r"(5 \times 5 \times 3 + 1) \times 64 = 4{,}864",
    r"\theta_{t+1} = \theta_t - \eta \nabla_\theta J(\theta_t)",
]  # fmt: skip

MEGABYTE = 1_000_000
HOSTILE = {
    "brackets": "$$" + "(" * MEGABYTE + "$$",
    "unclosed": r"\frac{\left( a [ b \{ ",
    "unclosed-dollar": "$a = (b \n",
    "carets": "$x" + "^2" * 200 + "$\n",
    "table": "| 1 | 2 = 3 | $x$ | 4 |\n",
    "matrices": "$$\\begin{bmatrix}" + "1 & 2 \\\\ " * 300 + "\\end{bmatrix}$$\n\n",
    "one-long-line": "$x_1 = 2$ and ",
    "control": "a\x01 = \x02\x7f\x1b[0m1\n",
    "right-to-left": "\u202e$a = 1$\u202c \u05d0\u05d1 = 3 \n",
    "own-commands": "\\newcommand{\\a}{\\a\\a} $\\a = 1$\n",
    "line-ends": "\n",
    "dollars": "$",
    "environments": "\\begin{align}",
    "arrays": "\\begin{array}{c} 1 \\\\ 2 \\end{array} ",
    "ten-thousand-carets": "$x" + "^" * 10_000 + "$\n",
    "tables": "| a | b |\n|---|---|\n| 1 + 1 = 2 | $x$ |\n\n",
    "struck-lines": "~~$a = 1$~~\n",
    "open-strikes": "\\sout{",
    "open-words": "$\\text{",
    "open-styles": "\\textbf{",
    "lone-brackets": "[\n",
    "doubled-brackets": "\\\\(",
    "remarks": "%%",
    "underlines": "=\n",
    "derivatives": "$\\frac{\\partial L}{\\partial w} = 3$\n",
    "rows": "\\begin{align} a &= b \\\\ c &= d \\end{align}\n",
    "one-align": "\\begin{align}" + "a &= b + c \\\\ " * 4_000 + "\\end{align}\n",
}


def test_ordinary_statements(benchmark):
    def read():
        return sum(len(read_statements(source)) for source in ORDINARY)

    count = benchmark(read)
    print(f"\n{count / benchmark.stats['min']:,.0f} statements a second")


def test_ordinary_document(benchmark):
    text = "\n\n".join(f"We find $${source}$$ and so on." for source in ORDINARY * 50)
    document = benchmark.pedantic(read_document, args=(text,), rounds=3, warmup_rounds=1)
    print(f"\n{len(document.statements) / benchmark.stats['min']:,.0f} statements a second in a document")


@pytest.mark.parametrize("shape", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_megabyte(shape):
    text = (shape * (MEGABYTE // len(shape) + 1))[:MEGABYTE]
    begun = time.process_time()
    document = read_document(text)
    seconds = time.process_time() - begun
    tracemalloc.start()
    read_document(text[: MEGABYTE // 10])
    peak = tracemalloc.get_traced_memory()[1] // 1_000_000
    tracemalloc.stop()
    print(f"\n{seconds:.2f} s of CPU, {len(document.statements)} statements; a tenth of it takes {peak} MB")
