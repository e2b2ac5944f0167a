"""The tables of the reader: what each command, sign and word is. Adding notation is adding an entry here."""

from __future__ import annotations

import unicodedata


def words(text: str) -> frozenset[str]:
    """The words of a text, each once."""
    return frozenset(text.split())


GREEK = words(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi "
    "omicron pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta "
    "Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)

# Commands that are names in their own right.
SYMBOLS = GREEK | words(
    "ell hbar infty emptyset varnothing imath jmath Re Im aleph digamma top bot checkmark"
)

# Other spellings of one command.
ALIASES = {
    "dfrac": "frac",
    "tfrac": "frac",
    "cfrac": "frac",
    "le": "leq",
    "leqslant": "leq",
    "leqq": "leq",
    "ge": "geq",
    "geqslant": "geq",
    "geqq": "geq",
    "ne": "neq",
    "to": "rightarrow",
    "longrightarrow": "rightarrow",
    "implies": "Rightarrow",
    "Longrightarrow": "Rightarrow",
    "iff": "Leftrightarrow",
    "Longleftrightarrow": "Leftrightarrow",
    "gets": "leftarrow",
    "longleftarrow": "leftarrow",
    "longmapsto": "mapsto",
    "dots": "ldots",
    "dotsc": "ldots",
    "dotsb": "cdots",
    "widehat": "hat",
    "widetilde": "tilde",
    "overrightarrow": "vec",
    "lvert": "|",
    "rvert": "|",
    "vert": "|",
    "lVert": "Vert",
    "rVert": "Vert",
    "|": "Vert",
    "lbrack": "[",
    "rbrack": "]",
    "lbrace": "{",
    "rbrace": "}",
    "land": "wedge",
    "lor": "vee",
    "bigtriangledown": "nabla",
    "triangledown": "nabla",
    "preccurlyeq": "preceq",
    "succcurlyeq": "succeq",
    "lnot": "neg",
    "mod": "bmod",
    "supseteqq": "supseteq",
    "subseteqq": "subseteq",
    "subsetneq": "subset",
    "supsetneq": "supset",
    "Perp": "indep",
    "upmodels": "indep",
    "dbinom": "binom",
    "tbinom": "binom",
    "Tr": "tr",
    "tg": "tan",
    "ctg": "cot",
    "cotg": "cot",
    "arctg": "arctan",
    "sh": "sinh",
    "ch": "cosh",
    "th": "tanh",
    "bm": "boldsymbol",
    "pmb": "boldsymbol",
    "mathbfit": "boldsymbol",
    "symbf": "boldsymbol",
    "mathds": "mathbb",
    "mathscr": "mathcal",
    "bullet": "cdot",
    "centerdot": "cdot",
    "ast": "*",
    "lt": "<",
    "gt": ">",
    "coloneqq": ":=",
    "triangleq": ":=",
    "colon": ":",
    "Pr": "Pr",
    "hspace*": "hspace",
    "tag*": "tag",
    "sp": "^",
    "sb": "_",
    "mathbbm": "mathbb",
    "bbone": "mathbb",
    "bold": "mathbf",
    "Cup": "cup",
    "Cap": "cap",
    "smallsetminus": "setminus",
    "backslash": "setminus",
    "emph": "textit",
}

# What pages write for a set of numbers without defining it (KaTeX); a document's own \R comes first.
NUMBER_SETS = {"R": "R", "reals": "R", "Reals": "R", "N": "N", "natnums": "N", "Z": "Z", "cnums": "C"}

# One character that stands for a command or a sign.
CHARACTERS = {
    "×": "times", "·": "cdot", "⋅": "cdot", "∙": "cdot", "•": "cdot", "∗": "*", "÷": "div",
    "−": "-", "–": "-", "＋": "+", "＝": "=", "±": "pm", "∓": "mp", "≈": "approx", "≃": "approx",
    "≅": "approx", "≤": "leq", "≥": "geq", "≦": "leq", "≧": "geq", "≠": "neq", "≡": "equiv",
    "→": "rightarrow", "⟶": "rightarrow", "⇒": "Rightarrow", "⟹": "Rightarrow",
    "⇔": "Leftrightarrow", "⟺": "Leftrightarrow", "←": "leftarrow", "⟵": "leftarrow", "↦": "mapsto",
    "∈": "in", "∉": "notin", "∝": "propto", "∼": "sim", "⊂": "subset", "⊆": "subseteq",
    "∂": "partial", "∇": "nabla", "∑": "sum", "Σ": "Sigma", "∏": "prod", "∫": "int", "∞": "infty",
    "√": "sqrt", "⊙": "odot", "⊗": "otimes", "∘": "circ", "‖": "Vert", "∥": "Vert", "⌊": "lfloor",
    "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil", "⟨": "langle", "⟩": "rangle", "…": "ldots",
    "⋯": "cdots", "⋮": "vdots", "⋱": "ddots", "′": "'", "’": "'", "ℓ": "ell", "∀": "forall",
    "∃": "exists", "∴": "therefore", "∵": "because", "⊤": "top", "∧": "wedge", "∨": "vee",
    "¬": "neg", "⊕": "oplus", "⊥": "perp", "∪": "cup", "∩": "cap", "⊃": "supset", "⊇": "supseteq",
    "⫫": "indep", "⪯": "preceq", "⪰": "succeq", "≼": "preceq", "≽": "succeq", "⋆": "star",
    "∖": "setminus", "ϵ": "epsilon", "ϕ": "phi", "ϑ": "vartheta", "ς": "varsigma", "µ": "mu",
    "≪": "ll", "≫": "gg", "≔": ":=", "≜": ":=", "∅": "emptyset", "ᵀ": "T", "↑": "uparrow",
    "↓": "downarrow",
}  # fmt: skip
for _name in GREEK:
    for _kind, _text in (("SMALL", _name), ("CAPITAL", _name.lower())):
        if (_kind == "CAPITAL") == _name[0].isupper():
            _label = {"lambda": "LAMDA"}.get(_text, _text.upper())
            try:
                CHARACTERS.setdefault(unicodedata.lookup(f"GREEK {_kind} LETTER {_label}"), _name)
            except KeyError:  # the var... forms have no letter of that name
                continue
SUPERSCRIPTS = dict(
    zip(
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵀᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
        "0123456789+-()niTabcdefghjklmoprstuvwxyz",
        strict=True,
    )
)
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ᵢⱼₖₙₘₜₗₓₐₑₒₕₚₛᵣᵤᵥ", "0123456789+-()ijknmtlxaeohpsruv", strict=True))
FRACTIONS = {"½": ("1", "2"), "⅓": ("1", "3"), "⅔": ("2", "3"), "¼": ("1", "4"), "¾": ("3", "4")}
CIRCLED = {chr(0x2460 + i): str(i + 1) for i in range(20)}

# Relations that make a chain of claims.
RELATIONS = {
    "=": "=", "==": "=", "equiv": "=", "approx": "~=", "approxeq": "~=", "simeq": "~=",
    "cong": "~=", "doteq": "~=", "~=": "~=", "≒": "~=", ":=": ":=", "leftarrow": ":=", "<-": ":=",
    "<": "<", "leq": "<=", "<=": "<=", ">": ">", "geq": ">=", ">=": ">=", "neq": "!=", "!=": "!=",
    "rightarrow": "->", "Rightarrow": "->", "mapsto": "|->", "->": "->", "=>": "->", "in": "in",
    "notin": "notin", "propto": "propto", "sim": "~", "Leftrightarrow": "<->", "<=>": "<->",
    "subset": "subset", "subseteq": "subseteq", "supset": "supset", "supseteq": "supseteq",
    "preceq": "preceq", "succeq": "succeq", "prec": "prec", "succ": "succ", "perp": "perp",
    "indep": "indep", "ll": "<<", "gg": ">>", "<<": "<<", ">>": ">>", ":": ":",
}  # fmt: skip
RELATION_LATEX = {
    "=": "=", "~=": r"\approx", ":=": ":=", "<": "<", "<=": r"\leq", ">": ">", ">=": r"\geq",
    "!=": r"\neq", "->": r"\rightarrow", "|->": r"\mapsto",
    "in": r"\in", "notin": r"\notin", "propto": r"\propto",
    "~": r"\sim", "<->": r"\Leftrightarrow", "subset": r"\subset", "subseteq": r"\subseteq",
    "supset": r"\supset", "supseteq": r"\supseteq", "preceq": r"\preceq", "succeq": r"\succeq",
    "prec": r"\prec", "succ": r"\succ", "perp": r"\perp", "indep": r"\perp\!\!\!\perp",
    "<<": r"\ll", ">>": r"\gg", ":": ":", "|": r"\mid", "||": r"\|", ",": ",", "cup": r"\cup",
    "cap": r"\cap", "setminus": r"\setminus", "oplus": r"\oplus", "star": r"\star", "mod": r"\bmod",
    "wedge": r"\wedge", "vee": r"\vee", "circ": r"\circ", "neg": r"\neg", "odot": r"\odot",
    "forall": r"\forall", "exists": r"\exists", ";": ";", "oslash": r"\oslash", "pm": r"\pm", "mp": r"\mp",
}  # fmt: skip

PRODUCTS = {
    "cdot": "cdot", "times": "times", "odot": "odot", "circ": "odot", "otimes": "otimes", "*": "*", "@": "",
}  # fmt: skip
# Operations of two things that are neither a sum nor a product of numbers: read, printed, never evaluated.
OPERATIONS = {
    "cup": "cup", "cap": "cap", "setminus": "setminus", "oplus": "oplus", "star": "star", "bmod": "mod",
    "wedge": "wedge", "vee": "vee",
}  # fmt: skip
# The operations that bind tighter than the others: and before or, as times before plus.
TIGHT_OPERATIONS = words("cap wedge")
# Words in capitals between two things, as truth tables have them.
LOGIC_WORDS = {"AND": "wedge", "OR": "vee", "XOR": "oplus", "NOT": "neg"}

# Functions written as a command or a word; the value is how the word is written canonically.
FUNCTION_COMMANDS = words(
    "sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan arctanh arcsinh arccosh log ln lg "
    "exp det dim ker deg gcd tr Pr"
)
_FUNCTION_NAMES = words(
    "sin cos tan cot sec csc sech csch sinh cosh tanh coth arcsin arccos arctan artanh arsinh log ln lg exp "
    "det tr rank vec diag sgn sign abs sqrt max min floor ceil round clip ReLU LeakyReLU PReLU ELU SELU "
    "GELU SiLU CELU Swish softmax sigmoid softplus softsign hardtanh logsoftmax logsumexp LSE Var Cov "
    "Corr std mean concat Softmax Sigmoid Softplus Tanh Attention LayerNorm BatchNorm RMSNorm MaxPool "
    "Conv flatten erf logit KL JS"
)
# Other spellings of a function's name.
_FUNCTION_SPELLINGS = {
    "relu": "ReLU", "Relu": "ReLU", "RELU": "ReLU", "gelu": "GELU", "elu": "ELU", "silu": "SiLU",
    "Trace": "tr", "Tr": "tr", "trace": "tr", "sigm": "sigmoid", "Diag": "diag",
    "leakyrelu": "LeakyReLU", "Exp": "exp", "arctanh": "artanh", "Leaky ReLU": "LeakyReLU",
    "leaky ReLU": "LeakyReLU", "leaky relu": "LeakyReLU", "var": "Var", "Log": "log",
    "log-softmax": "logsoftmax", "log softmax": "logsoftmax", "Sign": "sign",
}  # fmt: skip
# Only where they stand upright: \operatorname{th}, as French and Russian pages have it.
UPRIGHT_FUNCTIONS = {
    "tg": "tan", "ctg": "cot", "cotg": "cot", "arctg": "arctan", "sh": "sinh", "ch": "cosh", "th": "tanh",
}  # fmt: skip
FUNCTION_WORDS = {name: name for name in sorted(_FUNCTION_NAMES)} | _FUNCTION_SPELLINGS

# Words that are quantities when letters run together; everything else is a product of letters or ambiguous.
NAME_WORDS = words(
    "eps MSE MAE RMSE BCE NLL PE CE BN FC RAM FLOP FLOPs MAC MACs MADDs pos lr acc err loss out GB MB KB"
)
BIG_WORDS = words("argmax argmin lim limsup liminf sup inf")
BIG_COMMANDS = {
    "sum": "sum", "prod": "prod", "int": "int", "oint": "int", "lim": "lim", "max": "max", "min": "min",
    "argmax": "argmax", "argmin": "argmin", "sup": "sup", "inf": "inf", "bigcup": "cup", "bigcap": "cap",
    "bigoplus": "oplus", "coprod": "coprod",
}  # fmt: skip

# Labels that hang below a letter as one word: n_{in}, not n_i times n.
LABEL_WORDS = words(
    "KL JS in out new old max min opt train test val valid loss true pred pad pos neg total tot model heads "
    "head step hid hidden emb enc dec avg mean std var init final prev next cur data batch eff ref row "
    "col key query value cos sin ReLU CE MSE NLL BCE reg lr best rand dim ff vocab seq src tgt tr gt "
    "self conv fc bias noise kernel stride softmax sigmoid tanh int ext up down left right low high top "
    "bot all cell obs pool flat feat gate forget act drop mask patch class cls"
)
# Words that join or condition statements and are never a quantity.
STOP_WORDS = words(
    "if and or since for where otherwise else when with let then so thus hence because given i.e. ie "
    "e.g. by as is are to the of in on at we get gives have has that this such all any each from using "
    "use recall note now but not therefore suppose assume define defining consider set take case step "
    "also a an be by both only else: otherwise. similarly finally need needs want which implies equals "
    "equal thereby hence, thus,"
)
#: Stop words that name a quantity where they begin a clause and a sign follows: precision and recall.
NAMING_WORDS = words("recall step set case")
GIVEN_WORDS = words("let given suppose assume assuming define defining where with set take consider")
# Words that begin a remark beside a step.
REMARK_WORDS = words("because since by from using as see note recall")
CONDITION_WORDS = words("if when for whenever forall unless otherwise provided")

# Letters that are functions when brackets follow,
# unless declared otherwise or contained in their own argument.
FUNCTION_LETTERS = frozenset(
    [
        "f",
        "g",
        "F",
        "G",
        "Gamma",
        "phi",
        "varphi",
        "Phi",
        "psi",
        "Psi",
        "sigma",
        "ell",
        "p",
        "P",
        "J",
        "L",
        "R",
        "O",
    ]
)

# Functions that are joined and applied: (f g)(x), (f \circ g)(x); letters that count.
JOINED_LETTERS = frozenset("fghFG")
COUNTING_LETTERS = frozenset("ijklmnrst")

ACCENTS = {
    "hat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "dot": "dot", "ddot": "ddot",
    "vec": "vec", "underline": "underline", "underbar": "underline", "check": "check", "breve": "breve",
    "mathring": "ring",
}  # fmt: skip
FONTS = {
    "mathbf": "bold", "boldsymbol": "bold", "mathcal": "cal", "mathbb": "bb", "mathfrak": "frak",
    "mathsf": "sf", "mathit": "", "mathnormal": "",
}  # fmt: skip
FONT_LATEX = {
    "bold": "boldsymbol", "cal": "mathcal", "bb": "mathbb", "frak": "mathfrak", "text": "mathrm",
    "sf": "mathsf",
}  # fmt: skip
# Arguments that are words, not mathematics.
TEXT_COMMANDS = words(
    "text textbf textit textrm textsf texttt mbox hbox mathrm operatorname operatorname* textnormal textup"
)
# Wrappers that say nothing about the value.
WRAPPERS = words(
    "mathrlap mathllap mathclap rlap llap boxed fbox displaystyle mathstrut ensuremath mathop mathbin "
    "mathrel mathord smash"
)
SILENT = words(
    "displaystyle textstyle scriptstyle limits nolimits nonumber notag mathstrut big Big bigg Bigg bigl "
    "bigr Bigl Bigr biggl biggr Biggl Biggr bigm Bigm biggm middle hline cline centering noindent strut "
    "negthinspace ! / allowbreak quad@ protect boldmath normalsize small large qedhere qed "
    "blacksquare square Box centerline smallskip medskip bigskip "
    "displaybreak leavevmode itshape upshape"
)
# Switches of the font that plain TeX knows: they reach to the end of their group.
SWITCHES = {
    "bf": "mathbf", "bfseries": "mathbf", "cal": "mathcal", "it": "mathit", "sf": "mathsf", "sl": "mathit",
    "rm": "mathrm", "tt": "mathrm", "rmfamily": "mathrm", "mit": "mathit",
}  # fmt: skip
STRIKES = words("cancel bcancel xcancel sout st")
MATRIX_BRACKETS = {
    "matrix": "", "pmatrix": "(", "bmatrix": "[", "Bmatrix": "{", "vmatrix": "|", "Vmatrix": "\\|",
    "smallmatrix": "", "array": "", "subarray": "",
}  # fmt: skip
CASES = words("cases dcases rcases numcases")
ROW_ENVIRONMENTS = words(
    "aligned align align* alignat alignat* alignedat split gather gather* gathered multline multline* "
    "eqnarray eqnarray* equation equation* displaymath math flalign flalign*"
)

# How many braced arguments a command takes: braces after them only group.
ARGUMENTS = (
    {"frac": 2, "binom": 2, "underset": 2, "overset": 2, "stackrel": 2, "sqrt": 1, "underbrace": 1}
    | {"overbrace": 1, "substack": 1, "mathrm": 1, "xrightarrow": 1, "xleftarrow": 1}
    | dict.fromkeys([*ACCENTS, *FONTS, *WRAPPERS, *STRIKES], 1)
)
