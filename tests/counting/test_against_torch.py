"""Networks of many kinds, as texts and as PyTorch modules: sizes and counts are what PyTorch computes.

Parameters are the lengths of the module's arrays; multiply-adds are taken from the shapes that come and go in
a forward pass, layer by layer; the output's shape is what the pass returns.
"""

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from derive.counting.describe import network_from_text  # noqa: E402
from derive.counting.import_torch import count_module  # noqa: E402
from derive.counting.network import count_network  # noqa: E402


class Net(nn.Module):
    """Parts by their names, and a function that runs them."""

    def __init__(self, run, **parts):
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)
        self.run = run

    def forward(self, *inputs):
        return self.run(self, *inputs)


def unit(c, out, kernel=3, stride=1, groups=1):
    convolution = nn.Conv2d(c, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out), nn.ReLU())


def unet():
    def run(self, x):
        a = self.first(x)
        b = self.second(functional.max_pool2d(a, 2))
        y = self.deep(functional.max_pool2d(b, 2))
        y = self.third(torch.cat([self.bilinear(y), b], 1))
        return self.out(torch.cat([self.transposed(y), a], 1))

    return Net(
        run,
        first=unit(3, 11),
        second=unit(11, 22),
        deep=unit(22, 44),
        bilinear=nn.Upsample(scale_factor=2, mode="bilinear"),
        third=unit(66, 22),
        transposed=nn.ConvTranspose2d(22, 11, 2, 2),
        out=nn.Conv2d(22, 2, 1),
    )


UNET = """input 3x28x36
def Unit(c, out):
    Conv2d(c, out, 3, padding=1, bias=False) -> BatchNorm2d(out) -> ReLU()
a = Unit(3, 11)
MaxPool2d(2)
b = Unit(11, 22)
MaxPool2d(2) -> Unit(22, 44)
Concat(Upsample(scale_factor=2, mode='bilinear'), b) -> Unit(66, 22)
Concat(ConvTranspose2d(22, 11, 2, 2), a) -> Conv2d(22, 2, 1)"""


def inverted_residual():
    def run(self, x):
        x = self.stem(x)
        return self.head((x + self.thin(self.deep(self.wide(x)))).mean([2, 3]))

    parts = {"stem": unit(3, 8, 3, 2), "wide": unit(8, 48, 1), "deep": unit(48, 48, 3, groups=48)}
    return Net(run, **parts, thin=nn.Conv2d(48, 8, 1, bias=False), head=nn.Linear(8, 5))


INVERTED = """input 3x33x47
def Unit(c, out, k=3, s=1, g=1):
    Conv2d(c, out, k, s, k // 2, groups=g, bias=False) -> BatchNorm2d(out) -> ReLU()
Unit(3, 8, 3, 2)
Residual(Unit(8, 48, 1) -> Unit(48, 48, 3, g=48) -> Conv2d(48, 8, 1, bias=False))
Mean((2, 3)) -> Linear(8, 5)"""


def squeeze_and_excite():
    def run(self, x):
        x = self.pool(self.stem(x))
        y = self.block(x)
        return torch.relu(x + y * self.gate(y)[:, :, None, None])

    gate = [
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 6),
        nn.ReLU(),
        nn.Linear(6, 24),
        nn.Sigmoid(),
    ]
    return Net(
        run,
        stem=nn.Conv2d(3, 24, 7, 2, 3),
        pool=nn.MaxPool2d(3, 2, ceil_mode=True),
        block=nn.Sequential(nn.Conv2d(24, 6, 1), nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 24, 1)),
        gate=nn.Sequential(*gate),
    )


SQUEEZE = """input 3 x 45 x 61
def Gate(c, r):
    w = AdaptiveAvgPool2d(1)(x) -> Flatten() -> Linear(c, r) -> ReLU() -> Linear(r, c) -> Sigmoid()
    Multiply(x, Reshape((c, 1, 1))(w))
Conv2d(3, 24, 7, stride=2, padding=3) -> MaxPool2d(3, 2, ceil_mode=True)
Residual(Conv2d(24, 6, 1) -> Conv2d(6, 6, 3, padding=1) -> Conv2d(6, 24, 1) -> Gate(24, 6)) -> ReLU()"""


def factorised_inception():
    def run(self, x):
        return self.reduce(torch.cat([self.one(x), self.seven(x), self.pooled(x)], 1))

    seven = [
        nn.Conv2d(17, 5, 1),
        nn.Conv2d(5, 6, (1, 7), padding=(0, 3)),
        nn.Conv2d(6, 7, (7, 1), padding=(3, 0)),
    ]
    return Net(
        run,
        one=nn.Conv2d(17, 4, 1),
        seven=nn.Sequential(*seven),
        pooled=nn.Sequential(nn.AvgPool2d(3, 1, 1), nn.Conv2d(17, 3, 1)),
        reduce=nn.Conv2d(14, 20, 3, 2),
    )


INCEPTION = """input 17x15x13
Concat(Conv2d(17, 4, 1),
    Conv2d(17, 5, 1) -> Conv2d(5, 6, (1, 7), padding=(0, 3)) -> Conv2d(6, 7, (7, 1), padding=(3, 0)),
    AvgPool2d(3, 1, 1) -> Conv2d(17, 3, 1))
Conv2d(14, 20, 3, 2)"""


def translator():
    def run(self, source, target):
        _, state = self.encoder(self.words(source))
        state = state.transpose(0, 1).reshape(1, -1, 38)
        return self.out(self.decoder(self.others(target), state)[0])

    return Net(
        run,
        words=nn.Embedding(53, 10),
        others=nn.Embedding(47, 12),
        encoder=nn.GRU(10, 19, batch_first=True, bidirectional=True),
        decoder=nn.GRU(12, 38, batch_first=True),
        out=nn.Linear(38, 47),
    )


TRANSLATOR = """input a: 11
input b: 7
Embedding(53, 10)(a) -> GRU(10, 19, bidirectional=True)
Embedding(47, 12)(b) -> GRU(12, 38) -> Linear(38, 47)"""


def autoencoder():
    down = [
        nn.Conv2d(1, 16, 3, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(16, 32, 3, 2, 1),
        nn.PReLU(),
        nn.Flatten(),
    ]
    up = [nn.ConvTranspose2d(32, 16, 3, 2, 1, 1), nn.ELU(), nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid()]
    narrow = [nn.Linear(1568, 20), nn.Linear(20, 1568), nn.Unflatten(1, (32, 7, 7))]
    return nn.Sequential(*down, *narrow, *up)


AUTOENCODER = """input 1x28x28
Conv2d(1, 16, 3, 2, 1) -> LeakyReLU(0.2) -> Conv2d(16, 32, 3, 2, 1) -> PReLU() -> Flatten()
Linear(32*49, 20) -> Linear(20, 32*49) -> Unflatten(1, (32, 7, 7))
ConvTranspose2d(32, 16, 3, 2, 1, 1) -> ELU() -> ConvTranspose2d(16, 1, 4, 2, 1) -> Sigmoid()"""


def siamese():
    def run(self, a, b):
        return self.head(torch.cat([self.tower(a), self.tower(b)], 1))

    tower = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(720, 31))
    return Net(run, tower=tower, head=nn.Linear(62, 1))


SIAMESE = """input a: 1x28x24
input b: 1x28x24
def Tower():
    Conv2d(1, 6, 5, tied='c') -> MaxPool2d(2) -> Flatten() -> Linear(6*12*10, 31, tied='l')
Concat(Tower()(a), Tower()(b)) -> Linear(62, 1)"""


def dilated():
    def run(self, x):
        x = self.widen(x)
        for d in (1, 2, 4, 8):
            x = x + getattr(self, f"at{d}")(x)
        return self.out(x)

    steps = {
        f"at{d}": nn.Sequential(nn.ConstantPad1d((2 * d, 0), 0), nn.Conv1d(23, 23, 3, dilation=d), nn.ReLU())
        for d in (1, 2, 4, 8)
    }
    return Net(run, **steps, widen=nn.Conv1d(5, 23, 1), out=nn.Conv1d(23, 2, 1))


DILATED = """input 5x61
Conv1d(5, 23, 1)
for d in [1, 2, 4, 8]:
    Residual(Conv1d(23, 23, 3, padding=((2*d, 0),), dilation=d) -> ReLU())
Conv1d(23, 2, 1)"""


def dense_block():
    def run(self, x):
        for k in range(4):
            x = torch.cat([x, getattr(self, f"step{k}")(x)], 1)
        return self.halve(x)

    def step(c, out, kernel):
        return [nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, out, kernel, padding=kernel // 2, bias=False)]

    steps = {f"step{k}": nn.Sequential(*step(9 + 7 * k, 28, 1), *step(28, 7, 3)) for k in range(4)}
    return Net(run, **steps, halve=nn.Sequential(*step(37, 18, 1), nn.AvgPool2d(2, 2)))


DENSE = """input 9x17x19
def Step(c, out, k):
    BatchNorm2d(c) -> ReLU() -> Conv2d(c, out, k, padding=k // 2, bias=False)
for k in range(4):
    Concat(here, Step(9 + 7*k, 28, 1) -> Step(28, 7, 3))
Step(37, 18, 1) -> AvgPool2d(2, 2)"""


def lines_of_text():
    def run(self, x):
        y = self.pool(self.convolution(x)).permute(0, 3, 1, 2).flatten(2)
        return self.out(self.recurrent(y)[0])

    recurrent = nn.LSTM(128, 33, num_layers=2, bidirectional=True, batch_first=True)
    parts = {"convolution": nn.Conv2d(1, 8, 3, padding=1), "pool": nn.MaxPool2d((2, 1))}
    return Net(run, **parts, recurrent=recurrent, out=nn.Linear(66, 27))


LINES = """input 1x32x50
Conv2d(1, 8, 3, padding=1) -> MaxPool2d((2, 1)) -> Permute((0, 3, 1, 2)) -> Flatten(2)
LSTM(8*16, 33, num_layers=2, bidirectional=True) -> Linear(66, 27)"""


def volumes():
    first = [nn.Conv3d(2, 5, 3, (1, 2, 2), 1), nn.BatchNorm3d(5), nn.ReLU(), nn.MaxPool3d(2)]
    second = [nn.Conv3d(5, 7, (1, 3, 3)), nn.AvgPool3d((2, 1, 1)), nn.InstanceNorm3d(7, affine=True)]
    up = [nn.Upsample(scale_factor=(2, 2, 1), mode="trilinear"), nn.AdaptiveMaxPool3d((2, 1, 1))]
    return nn.Sequential(*first, *second, *up, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(7, 2))


VOLUMES = """input 2x9x22x18
Conv3d(2, 5, 3, (1, 2, 2), 1) -> BatchNorm3d(5) -> ReLU() -> MaxPool3d(2)
Conv3d(5, 7, (1, 3, 3)) -> AvgPool3d((2, 1, 1)) -> InstanceNorm3d(7, affine=True)
Upsample(scale_factor=(2, 2, 1), mode='trilinear') -> AdaptiveMaxPool3d((2, 1, 1))
AdaptiveAvgPool3d(1) -> Flatten() -> Linear(7, 2)"""


def sound():
    down = [nn.Conv1d(3, 8, 9, 4, 4), nn.InstanceNorm1d(8, affine=True), nn.SiLU()]
    up = [
        nn.ConvTranspose1d(8, 6, 8, 4, 2),
        nn.Upsample(scale_factor=2, mode="linear"),
        nn.AdaptiveMaxPool1d(5),
    ]
    return nn.Sequential(*down, *up, nn.Flatten(), nn.Linear(30, 4), nn.Softmax(1))


SOUND = """input 3x67
Conv1d(3, 8, 9, 4, 4) -> InstanceNorm1d(8, affine=True) -> SiLU() -> ConvTranspose1d(8, 6, 8, 4, 2)
Upsample(scale_factor=2, mode='linear') -> AdaptiveMaxPool1d(5) -> Flatten() -> Linear(30, 4) -> Softmax(1)"""


def pass_of(module, *inputs):
    """The multiply-adds of layers with weights, from the shapes that come and go, and what is put out."""
    total = 0

    def seen(layer, given, out):
        nonlocal total
        if isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d):
            total += given[0].numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Linear):
            total += out.numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.LSTM | nn.GRU):
            matrices = (one.numel() for name, one in layer.named_parameters() if name.startswith("weight"))
            total += given[0].shape[0] * given[0].shape[1] * sum(matrices)

    for layer in module.modules():
        layer.register_forward_hook(seen)
    with torch.no_grad():
        result = module(*inputs)
    return total, tuple(result.shape[1:])


NETWORKS = [
    pytest.param(unet, UNET, [(3, 28, 36)], id="U-Net"),
    pytest.param(inverted_residual, INVERTED, [(3, 33, 47)], id="inverted residual"),
    pytest.param(squeeze_and_excite, SQUEEZE, [(3, 45, 61)], id="squeeze and excite"),
    pytest.param(factorised_inception, INCEPTION, [(17, 15, 13)], id="kernels of one row"),
    pytest.param(translator, TRANSLATOR, [(11,), (7,)], id="two recurrent layers"),
    pytest.param(autoencoder, AUTOENCODER, [(1, 28, 28)], id="autoencoder"),
    pytest.param(siamese, SIAMESE, [(1, 28, 24)] * 2, id="shared towers"),
    pytest.param(dilated, DILATED, [(5, 61)], id="dilated, causal"),
    pytest.param(dense_block, DENSE, [(9, 17, 19)], id="dense block"),
    pytest.param(lines_of_text, LINES, [(1, 32, 50)], id="convolution, then LSTM"),
    pytest.param(volumes, VOLUMES, [(2, 9, 22, 18)], id="volumes"),
    pytest.param(sound, SOUND, [(3, 67)], id="one axis"),
]


@pytest.mark.parametrize("way", ["text", "module"])
@pytest.mark.parametrize(("make", "text", "shapes"), NETWORKS)
def test_counts_are_pytorchs(make, text, shapes, way):
    torch.manual_seed(0)
    module, whole = make().eval(), len(shapes[0]) == 1
    inputs = [torch.zeros((1, *one), dtype=torch.long if whole else torch.float32) for one in shapes]
    count = (
        count_network(network_from_text(text))
        if way == "text"
        else count_module(module, *shapes, integers=whole)
    )
    multiply_adds, shape = pass_of(module, *inputs)
    assert not count.lower_bound
    assert count.totals["parameters"] == sum(one.numel() for one in module.parameters())
    assert count.totals["multiply_adds"] == multiply_adds
    assert tuple(count.shapes[count.network.outputs[0]][1:]) == shape
