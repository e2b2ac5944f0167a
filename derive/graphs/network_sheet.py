"""Networks as exam sheets note them: ``conv 5x5, 16, stride 2, pad 2 -> pool 2x2 -> fc 120``.

Such notes leave out the input channels, which follow from what comes before, and much else, which is said
under ``assumed``. No word is passed over: one that has no meaning here is an error. Layers are parted by
arrows, lines, semicolons, dashes (``CONV 3x3 8 - RELU - POOL 2``) or commas before the next layer's name;
``[...]x2``, ``2 x conv ...`` and ``conv ... x2`` repeat. A size alone between two arrows (``-> 28x28x6 ->``)
is what the note says comes out there, and is held against what does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

from derive.graphs.network import Builder, Network, NetworkError

KINDS = {
    "conv": "conv", "convolution": "conv", "convolutional": "conv", "conv2d": "conv", "conv1d": "conv1d",
    "dwconv": "depthwise", "depthwise": "depthwise", "dw": "depthwise",
    "deconv": "transposed", "deconvolution": "transposed", "transposed": "transposed",
    "transpose": "transposed", "upconv": "transposed", "convtranspose": "transposed",
    "pool": "pool", "maxpool": "pool", "pooling": "pool", "max": "pool", "maxpooling": "pool", "mp": "pool",
    "maxpool2d": "pool", "maxpooling2d": "pool", "subsampling": "pool", "subsample": "pool",
    "avgpool": "avgpool", "average": "avgpool", "avg": "avgpool", "mean": "avgpool", "meanpool": "avgpool",
    "averagepool": "avgpool", "averagepooling": "avgpool", "avgpooling": "avgpool", "avgpool2d": "avgpool",
    "averagepooling2d": "avgpool",
    "fc": "fc", "dense": "fc", "linear": "fc", "fully": "fc", "affine": "fc", "fullyconnected": "fc",
    "gap": "gap", "globalavgpool": "gap", "global": "gap", "globalaveragepooling": "gap", "globalpool": "gap",
    "globalaveragepool": "gap", "globalavgpooling": "gap", "globalpooling": "gap",
    "relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax", "gelu": "GELU",
    "elu": "ELU", "leakyrelu": "LeakyReLU", "swish": "SiLU", "silu": "SiLU",
    "bn": "BatchNorm", "batchnorm": "BatchNorm", "batchnormalization": "BatchNorm",
    "batchnormalisation": "BatchNorm", "lrn": "LocalResponseNorm",
    "flatten": "Flatten", "dropout": "Dropout", "input": "input",
}  # fmt: skip
_POOLS = ("gap", "avgpool", "pool")
AFTER = ("ReLU", "Sigmoid", "Tanh", "Softmax", "GELU", "ELU", "LeakyReLU", "SiLU", "BatchNorm", "Dropout",
         "LocalResponseNorm")  # fmt: skip
"""What may follow in the note of another layer: ``fc 10 softmax``."""
_ALIASES = {
    "s": "stride", "stride": "stride", "strides": "stride", "step": "stride",
    "p": "pad", "pad": "pad", "padding": "pad", "pads": "pad", "zeropadding": "pad", "zeropad": "pad",
    "k": "kernel", "kernel": "kernel", "size": "kernel", "f": "kernel", "window": "kernel",
    "kernels": "count", "filters": "count", "filter": "count", "maps": "count", "channels": "count",
    "units": "count", "unit": "count", "neurons": "count", "neuron": "count", "outputs": "count",
    "ch": "count", "n": "count",
    "out": "count", "features": "count", "nodes": "count", "classes": "count",
    "dilation": "dilation", "groups": "groups",
}  # fmt: skip
_WIDTHS = re.compile(r"(?:mlp|perceptron|fc|dense)?\s*:?\s*(\d+(?:\s*(?:-+>?|→|,)\s*\d+){2,})", re.IGNORECASE)
"""A perceptron by its widths, the input's first: ``MLP 784-500-10``."""
_SHORT = {
    "n": "count",
    "s": "stride",
    "p": "pad",
    "k": "kernel",
    "f": "kernel",
    "d": "dilation",
    "g": "groups",
}
_FILLERS = {"layer", "layers", "with", "of", "and", "a", "an", "the", "by", "each", "then", "connected",
            "activation", "function", "2d", "using", "output", "hidden", "feature", "followed", "to", "has",
            "non", "overlapping", "size"}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<size>\d+(?:\s*[x×]\s*\d+)+)(?![x×])|(?P<slash>/\s*s?(?P<by>\d+))|(?P<number>\d+(?:\.\d+)?%?)(?![^\W\d])"
    r"|(?P<word>\d?[^\W\d]\w*)|(?P<sign>[@=:,.()+/&-]|\s+)|(?P<other>.)"
)
_COMPACT = (
    (re.compile(r"(?:C|[Cc]onv)(?P<k>\d+)-(?P<n>\d+)"), "conv {k}x{k}, {n}"),
    (re.compile(r"(?P<n>\d+)[Cc](?P<k>\d+)"), "conv {k}x{k}, {n}"),
    (re.compile(r"(?P<n>\d+)[Cc](?P<k>\d+)[sS](?P<s>\d+)"), "conv {k}x{k}, {n}, stride {s}"),
    (re.compile(r"(?:MP|M|P|S)(?P<k>\d+)"), "pool {k}x{k}"),
    (re.compile(r"AP(?P<k>\d+)"), "avgpool {k}x{k}"),
    (re.compile(r"(?:FC|F)-?(?P<n>\d+)"), "fc {n}"),
    (re.compile(r"(?P<n>\d+)(?:N|FC|F)"), "fc {n}"),
)
_JOINED = re.compile(
    r"\b(max|avg|average|mean|global|globalaverage|globalavg|batch|fully|zero|drop|sub|leaky|depth)[-_ ]+"
    r"(?=(?:pool|average|avg|norm|connected|pad|out|sampling|relu|wise))",
    re.IGNORECASE,
)
_ARROW = re.compile(r"-{1,9}>|→|=>|⇒|;|\n|\s[-–—>]\s|\|")
_DASH = re.compile(r"(?<=[\w\])}])[-–—](?=[\[({]|[^\W\d]|\d+[CcN]\d*\b|\d+FC?\b)")
_TIMES = r"\s*[x×*]\s*(?P<times>\d+)"
MOST_LAYERS = 10_000
MOST_TEXT = 300_000
DEEPEST = 20
LONGEST = 4000
"""Characters between two arrows."""


@dataclass
class Noted:
    """One layer of a note: what it is, what is said of it, and the words that say it."""

    kind: str
    given: dict[str, Any] = field(default_factory=dict)
    where: str = ""
    line: int = 0

    def fail(self, message: str) -> NoReturn:
        """The layer cannot be read."""
        raise NetworkError(f"{self.where}: {message}")


def looks_like_sheet(text: str, layers: Collection[str] = ()) -> bool:
    """Whether a text is such a note and not a network in layer calls (of which ``layers`` are the names)."""
    if len(text) > MOST_TEXT:
        return False
    text = re.sub(r"[ \t]+", " ", text)
    if len(text) < LONGEST and re.match(r"(?i)\s*(mlp\b|perceptron\b|\d+\s*-+>?\s*\d)", text):
        return _WIDTHS.fullmatch(text.strip()) is not None
    pieces = [one.strip() for one in _ARROW.split(text) if one.strip() and not one.lstrip().startswith("#")]
    shape = r"input\b|\(?\d+(\s*[x×]\s*\d+)+\)?$"
    pieces = [one for one in pieces if not re.match(shape, one, re.IGNORECASE)]
    if not pieces:
        return bool(re.search(r"\binput\b", text, re.IGNORECASE)) and bool(_ARROW.search(text))
    first = _DASH.split(pieces[0])[0].lstrip("[({ ")
    if re.match(r"(def|repeat|for|if|return)\s|[^\W\d]\w*\s*=(?!=)|x\s*\+", first):
        return False
    if call := re.match(r"(?:\w+\s*\*\s*)?([^\W\d][\w.]*)\s*\((?P<inside>[^()]*)", first):
        # A note has something in the brackets that layer calls have not, or a name that is no layer's.
        plain = call[1] not in layers and not re.search(r"[123]d$", call[1].lower())
        return plain and call[1].lower() in KINDS and bool(re.search(r"\d", call["inside"]))
    words = re.findall(r"[^\W\d]+\dd|[^\W\d]+", _JOINED.sub(r"\1", first).lower())
    return any(one in KINDS for one in words) or all(_compact(one) for one in first.split())


def read_sheet(text: str, name: str = "") -> Network:
    """The network in a note of layers.

    Raises :class:`~derive.graphs.network.NetworkError` with the layer that cannot be read.

    >>> [node.call for node in read_sheet("conv 5x5, 16, stride 2, pad 2 -> pool 2x2 -> fc 120").nodes[1:]]
    ['LazyConv2d(16, (5, 5), stride=2, padding=2)', 'MaxPool2d((2, 2))', 'fc(120)']
    """
    builder = Builder(name)
    layers: list[Noted] = []
    if widths := _WIDTHS.fullmatch(text.strip()):
        first, *units = _sizes(widths[1])
        builder.assumed.append(f"{text.strip()} is an input of {first} and layers of {units} units")
        shape = Noted("input", {"shape": (first,)}, text, 1)
        return wired(builder, [shape, *(Noted("fc", {"count": n}, text, 1) for n in units)])
    for number, piece in enumerate(_pieces(text), 1):
        layers += noted(piece, f"layer {number}: {_shown(piece)!r}", number, builder)
    return wired(builder, layers)


# -- the note as pieces, one a layer


def _pieces(text: str) -> list[str]:
    bare = re.sub(r"(^|\s)#\s.*", "", text)
    bare = re.sub(r"[\"'`“”‘’]", "", bare)
    bare = re.sub(r"[ \t]+", " ", bare)
    bare = re.sub(r"\b(?:[kns]\d{1,5}){2,3}\b", lambda m: re.sub(r"(?<=\d)(?=[kns])", " ", m[0]), bare)
    bare = re.sub(r"(?i)(input\s*:?\s*)\[([\d x×]+)\]", r"\1\2", bare)
    for _ in range(2):
        bare = _JOINED.sub(r"\1", bare)
    bare = _DASH.sub("\0", _ARROW.sub("\0", bare))
    found, rest = _sequence(bare, 0, 0)
    if rest < len(bare):
        raise NetworkError(f"{bare[rest]!r} closes nothing in {_shown(text)!r}")
    return found


def _shown(text: str) -> str:
    text = " ".join(text.replace("\0", " -> ").split())
    return text if len(text) <= 60 else text[:57] + "..."


_CLOSING = {"[": "]", "(": ")", "{": "}"}


def _sequence(text: str, at: int, depth: int, closing: str = "") -> tuple[list[str], int]:
    """The pieces up to the closing bracket, and where that is."""
    if depth > DEEPEST:
        raise NetworkError(f"more than {DEEPEST} brackets inside each other in a note of layers")
    found: list[str] = []
    piece, inside = "", 0
    while at < len(text):
        sign = text[at]
        before = re.fullmatch(r" ?(?:(?P<times>\d+) ?[x×*]? ?)?", piece) if sign in "[({" else None
        if inside == 0 and before and (sign != "(" or _is_group(text, at)):
            group, at = _sequence(text, at + 1, depth + 1, _CLOSING[sign])
            if at >= len(text):
                raise NetworkError(f"a bracket is never closed in {_shown(text)!r}")
            times = int(before["times"] or 1)
            if after := re.compile(_TIMES).match(text, at + 1):
                times, at = times * int(after["times"]), after.end() - 1
            if times * len(group) + len(found) > MOST_LAYERS:
                raise NetworkError(f"the note has more than {MOST_LAYERS} layers")
            found += group * times
            piece = ""
        elif sign == closing and inside == 0:
            return [*found, *_layers_of(piece)], at
        elif sign == "\0":
            found += _layers_of(piece)
            piece = ""
        else:
            inside += (sign in "[({") - (sign in "])}")
            if inside < 0:
                raise NetworkError(f"{sign!r} closes nothing in {_shown(text)!r}")
            piece += sign
            if len(piece) > LONGEST:
                raise NetworkError(
                    f"a note of more than {LONGEST} characters for one layer: {_shown(piece)!r}"
                )
        if len(found) > MOST_LAYERS:
            raise NetworkError(f"the note has more than {MOST_LAYERS} layers")
        at += 1
    return [*found, *_layers_of(piece)], at


def _is_group(text: str, at: int) -> bool:
    """Whether a round bracket at the beginning of a piece holds layers."""
    inside = text[at + 1 : text.find(")", at) if ")" in text[at:] else len(text)]
    return "\0" in inside or any(word in KINDS for word in re.findall(r"[^\W\d]+", inside.lower()))


def _layers_of(piece: str) -> list[str]:
    """One piece between arrows as the notes of its layers: codes, a list with commas, a repetition."""
    piece = piece.strip(" ,.\t")
    if not piece:
        return []
    codes = [_compact(one) for one in re.split(r"[\s,]+", piece)]
    if all(codes):
        return [str(one) for one in codes]
    times = 1
    leading = re.match(r"(?P<times>\d+)(?:\s*[x×*]\s*(?=[^\W\d])|\s+[x×*]\s+(?=\d+[x×]\d))", piece)
    if (match := leading) and _kind_words(piece):
        times, piece = int(match["times"]), piece[match.end() :]
    elif match := re.search(rf"(?<=\s)\(?{_TIMES}\)?$", piece):
        before = piece[: match.start()]
        beside = re.search(r"[x×*]\d+\)?$", piece)  # "64 x2", not the window "2 x 2"
        if (
            re.search(r"\d\s*[x×]\s*\d", before)
            or _compact(before.strip())
            or (beside and re.search(r"\d", before))
        ):
            times, piece = int(match["times"]), before.strip()
    if times > MOST_LAYERS:
        raise NetworkError(f"the note has more than {MOST_LAYERS} layers")
    found: list[str] = []
    for part in re.split(r",(?![^(]*\))", _compact(piece) or piece):
        if found and _kind_words(part) and _kind_words(found[-1]):
            found.append(part.strip())
        elif found:
            found[-1] += f", {part.strip()}"
        else:
            found.append(part.strip())
    return [one for one in found if one] * times


def _compact(word: str) -> str:
    """``C5-16`` or ``16C5`` in full; empty if it is no such code."""
    for pattern, full in _COMPACT:
        if match := pattern.fullmatch(word):
            return full.format(**match.groupdict())
    return ""


def _kind_words(piece: str) -> list[str]:
    words = re.findall(r"conv[12]d|\w+pool(?:ing)?2d|[^\W\d]+", piece.lower())
    return [KINDS[one] for one in words if one in KINDS]


# -- one layer


def noted(piece: str, where: str, line: int, builder: Builder, numbered: bool = False) -> Iterator[Noted]:
    """A layer, and the activations that stand in its note.

    ``numbered`` says that the number in ``fc6`` is the layer's and not how many units it has.
    """
    plain = re.sub(
        r"^\s*(?:layer\s*\d+|[^\W\d]{1,2}\d+|\d+[.)])\s*:?\s+(?=\S*[^\W\d]{2})", "", piece, flags=re.I
    )
    shape = re.fullmatch(r"\(?\s*(\d+(?:\s*[x×]\s*\d+)+)\s*\)?", plain)
    if shape:
        yield Noted("stated", {"shape": _sizes(shape[1])}, where, line)
        return
    kinds = _kind_words(plain)
    layer = Noted("", {}, where, line)
    primary = list(dict.fromkeys(one for one in kinds if one not in AFTER))
    if set(primary) <= set(_POOLS):
        primary = [one for one in _POOLS if one in primary][:1]
    for special in ("depthwise", "transposed"):
        if special in primary and set(primary) <= {special, "conv"}:
            primary = [special]
    if len(primary) > 1 and "input" not in primary:
        layer.fail(f"is this {' or '.join(primary)}? Part two layers by an arrow, ->")
    if "input" in primary and len(primary) > 1:
        layer.fail(
            "the input channels follow from what comes before; leave them out, or part by an arrow, ->"
        )
    if not primary and re.search(r"\b(output|hidden)\b", plain.lower()):
        primary = ["fc"]
    if not kinds and not primary:
        layer.fail(
            "names no layer; conv, pool, avgpool, gap, fc, relu, bn, dropout and flatten are known, and the "
            "layer calls of PyTorch say everything else, Conv2d(3, 16, 5) -> ReLU()"
        )
    layer.kind = primary[0] if primary else kinds[0]
    _read(layer, plain, builder, numbered)
    yield layer
    after = kinds if primary else kinds[1:]
    yield from (Noted(one, {}, where, line) for one in after if one in AFTER)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


def _read(layer: Noted, piece: str, builder: Builder, named: bool) -> None:
    """Every word and number of a layer's note, into what is given."""
    given, loose, labels = layer.given, [], []
    key, negated = "", False
    if re.search(r"(?<![\w)])-\s*\d", piece):
        layer.fail("a negative number has no meaning here")
    tokens = list(_TOKEN.finditer(piece))

    def put(what: str, value: Any) -> None:
        if what in given and given[what] != value:
            layer.fail(f"{what} is said twice: {given[what]} and {value}")
        given[what] = value

    for at, match in enumerate(tokens):
        group, text = match.lastgroup, match.group().lower()
        ahead = next(
            (one for one in tokens[at + 1 :] if one.group().strip() not in ("", "=", ":", "of")), None
        )
        if group == "size":
            _put_sizes(layer, _sizes(text), key, put)
            key = ""
        elif group in ("slash", "by"):
            put("stride", int(match["by"]))
        elif group == "number":
            if layer.kind == "Dropout":
                continue
            if not text.isdigit():
                layer.fail(f"{text} is no whole number")
            if key:
                put(key, int(text))
                key = ""
            else:
                loose.append(int(text))
        elif group == "other":
            layer.fail(f"{match.group()!r} has no meaning here")
        elif group == "word":
            if text in ("no", "without"):
                negated = True
            elif text in ("bias", "biases"):
                put("bias", not negated)
                negated = False
            elif text in ("same", "valid", "none"):
                put("pad", 0 if text == "none" else text)
                key = ""
            elif short := re.fullmatch(r"([spkfdgn])(\d+)", text):
                put(_SHORT[short[1]], int(short[2]))
            elif text in _ALIASES and text not in KINDS:
                what = _ALIASES[text]
                if negated and what == "pad":
                    put("pad", 0)
                elif what == "count" and loose and not (ahead and ahead.lastgroup == "number"):
                    put("count", loose.pop())
                elif what not in given or (ahead and ahead.lastgroup == "number"):
                    key = what
                negated = False
            elif text in KINDS or text in _FILLERS:
                continue
            elif (numbered := re.fullmatch(r"([^\W\d]+)(\d+)", text)) and numbered[1] in KINDS:
                if not (ahead and ahead.start() > match.end() and ":" in piece[match.end() : ahead.start()]):
                    labels.append(int(numbered[2]))
            elif (glued := re.fullmatch(r"([^\W\d]+)(\d+)x(\d+)", text)) and glued[1] in KINDS:
                put("kernel", (int(glued[2]), int(glued[3])))
            else:
                layer.fail(
                    f"{match.group()!r} has no meaning here; say stride, pad, kernel, filters, units, same, "
                    "valid, no bias, or use the layer calls of PyTorch"
                )
    if key and key not in given:
        layer.fail(f"the number of {key} is missing")
    _settle(layer, loose, [] if named else labels, builder, repr(piece))


def _put_sizes(layer: Noted, sizes: tuple[int, ...], key: str, put: Any) -> None:
    if layer.kind == "input":
        put("shape", sizes)
    elif layer.kind == "fc" and len(sizes) == 2:
        put("before", sizes[0])
        put("count", sizes[1])
    elif key and key not in ("kernel", "count"):
        put(key, sizes)
    elif len(sizes) == 4 and layer.kind == "conv":  # as papers write weights: 3x3x32x64
        put("kernel", sizes[:2])
        put("before", sizes[2])
        put("count", sizes[3])
    elif len(sizes) == 3 and layer.kind == "depthwise":
        put("kernel", sizes[:2])
    elif len(sizes) == 3 and layer.kind == "conv":
        last = not (sizes[1] == sizes[2] != sizes[0])
        put("kernel", sizes[:2] if last else sizes[1:])
        put("third", sizes[2] if last else sizes[0])
    elif len(sizes) == 2 and layer.kind in ("conv", "transposed", "pool", "avgpool", "depthwise"):
        put("kernel", sizes)
    else:
        layer.fail(f"the size {'x'.join(map(str, sizes))} has no meaning here")


def _settle(layer: Noted, loose: list[int], labels: list[int], builder: Builder, said: str) -> None:
    """Numbers that nothing names, by what is still missing."""
    given = layer.given
    if layer.kind in ("conv", "conv1d", "transposed"):
        if "third" in given:
            third = given.pop("third")
            if "count" not in given and loose:
                given["count"] = loose.pop(0)
            if "count" in given:
                given["before"] = third
            else:
                given["count"] = third
                builder.assumed.append(f"{said} is read as {third} kernels of {_by(given['kernel'])}")
        missing = [one for one in ("kernel", "count") if one not in given]
        if len(missing) == 2 and len(loose) == 1 and len(labels) == 1:
            given["kernel"], given["count"] = labels[0], loose.pop()
            builder.assumed.append(
                f"{said} is read as a kernel of {given['kernel']} and {given['count']} channels"
            )
        elif len(missing) == 2 and len(loose) == 2:
            small, large = sorted(loose)
            if not (small % 2 == 1 and small <= 11 and (large > 11 or large % 2 == 0)):
                layer.fail(f"which of {loose[0]} and {loose[1]} is the kernel's size? Write {small}x{small}")
            given["kernel"], given["count"], loose[:] = small, large, []
            builder.assumed.append(f"{said} is read as a kernel of {small}x{small} and {large} channels")
        elif len(missing) == 1 and len(loose) == 1:
            given[missing[0]] = loose.pop()
    elif layer.kind in ("pool", "avgpool", "depthwise"):
        given.pop("count", None) if layer.kind != "depthwise" else None
        if "kernel" not in given and loose:
            given["kernel"] = loose.pop(0)
        elif "kernel" not in given and labels and labels[0] > 1:
            given["kernel"] = labels[0]
            builder.assumed.append(f"{said} is read as a window of {labels[0]}")
        if "kernel" not in given and layer.kind != "depthwise":
            given["kernel"] = 2
            builder.assumed.append("a pooling layer of which no size is said has windows of 2x2")
        if loose and "stride" not in given and loose[0] <= 4:
            given["stride"] = loose.pop(0)
            builder.assumed.append(f"{said} is read with a stride of {given['stride']}")
    elif layer.kind == "fc":
        if "count" not in given and len(loose) == 2:
            given["before"] = loose.pop(0)
        if "count" not in given and loose:
            given["count"] = loose.pop(0)
        elif "count" not in given and labels:
            given["count"] = labels[0]
    elif layer.kind == "input" and loose and "shape" not in given:
        given["shape"], loose[:] = tuple(loose), []
    elif layer.kind == "LocalResponseNorm":
        given["kernel"] = loose.pop(0) if loose else 5
    if loose:
        layer.fail(f"what is {loose[0]}? Name it: stride {loose[0]}, pad {loose[0]}, {loose[0]} filters")


def _by(kernel: Any) -> str:
    return "x".join(map(str, kernel)) if isinstance(kernel, tuple) else f"{kernel}x{kernel}"


# -- the layers wired


def wired(builder: Builder, layers: list[Noted]) -> Network:
    """The layers one after the other."""
    shape: tuple[Any, ...] | None = None
    first = next((k for k, one in enumerate(layers) if one.kind != "stated"), len(layers))
    for one in (*layers[:first], *layers[first : first + 1]):
        if one.kind in ("stated", "input") and "shape" in one.given:
            shape = input_shape(one.given["shape"], builder)
    here = builder.input("x", shape)
    for one in layers[first:]:
        if one.kind == "input":
            if one is not layers[first]:
                one.fail("the input stands before all layers")
        elif one.kind == "stated":
            builder.state(here, "output", one.given["shape"], one.where)
        else:
            layer, arguments, keywords = _call(one, builder)
            here = builder.add(layer, arguments, keywords, (here,), path=layer, line=one.line)
            for quantity in ("output", "parameters", "operations"):
                if (value := one.given.get(f"stated {quantity}")) is not None:
                    builder.state(here, quantity, value, one.where)
    if len(builder.nodes) < 2:
        raise NetworkError("there is no layer in this note; 'conv 5x5, 16 -> pool 2x2 -> fc 10' has three")
    return builder.network(here)


def input_shape(sizes: tuple[int, ...], builder: Builder) -> tuple[int, ...]:
    """An input as sheets write it, channels first: ``32x32x3`` and ``28x28`` too."""
    if len(sizes) == 2:
        builder.assumed.append(f"the input {sizes[0]}x{sizes[1]} has one channel")
        return (1, *sizes)
    if len(sizes) == 3 and sizes[0] == sizes[1] != sizes[2]:
        builder.assumed.append(f"the input {'x'.join(map(str, sizes))} has {sizes[2]} channels")
        return (sizes[2], *sizes[:2])
    return sizes


def _call(layer: Noted, builder: Builder) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    kind, given = layer.kind, layer.given
    names = (("stride", "stride"), ("padding", "pad"), ("dilation", "dilation"), ("groups", "groups"))
    placing = {key: given[own] for key, own in names if own in given}

    def needed(name: str, what: str) -> Any:
        if name not in given:
            layer.fail(f"{what} is not said")
        return given[name]

    if kind in ("conv", "conv1d", "transposed", "depthwise"):
        kernel = needed("kernel", "the kernel's size (3x3)")
        if missing := [
            word for word, key in (("stride 1", "stride"), ("no padding", "pad")) if key not in given
        ]:
            builder.assumed.append(f"a convolution has {' and '.join(missing)} where the note says nothing")
        if "bias" in given:
            placing["bias"] = given["bias"]
        else:
            builder.assumed.append("convolutions and fully connected layers have biases")
        if kind == "depthwise":
            return "DepthwiseConv2d", (kernel,), placing
        count = needed("count", "how many kernels (output channels)")
        name = {"conv": "Conv2d", "conv1d": "Conv1d", "transposed": "ConvTranspose2d"}[kind]
        if "before" in given:
            return name, (given["before"], count, kernel), placing
        return f"Lazy{name}", (count, kernel), placing
    if kind in ("pool", "avgpool"):
        if "stride" not in given:
            builder.assumed.append("a pooling layer without a stride has that of its size")
        if kind == "pool" and "max" not in layer.where.lower():
            builder.assumed.append("pooling is max pooling where the note does not say which")
        return (
            ("MaxPool2d" if kind == "pool" else "AvgPool2d"),
            (needed("kernel", "the window's size"),),
            placing,
        )
    if kind == "fc":
        bias = {"bias": given["bias"]} if "bias" in given else {}
        if not bias:
            builder.assumed.append("convolutions and fully connected layers have biases")
        count = needed("count", "how many units")
        if "before" in given:
            # What comes may be an image still: fully connected layers of sheets flatten it.
            return "Dense", (count,), {**bias, "before": given["before"]}
        return "fc", (count,), bias
    if kind == "gap":
        return "GlobalAvgPool2d", (), {}
    return kind, ((given["kernel"],) if kind == "LocalResponseNorm" else ()), {}
