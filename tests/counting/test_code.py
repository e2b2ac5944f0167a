"""Code of PyTorch and Keras as people paste it, counted by hand, by PyTorch or as Keras' own pages say."""

import pytest

from derive.counting.describe import network_from_text
from derive.counting.network import count_network
from derive.graphs.network import NetworkError

SEQUENTIAL = """import torch.nn as nn

model = nn.Sequential(
    nn.Conv2d(3, 32, kernel_size=3, padding=1),
    nn.BatchNorm2d(32),
    nn.ReLU(inplace=True),
    nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
    nn.Conv2d(32, 64, 3, padding='same', groups=2),
    nn.AdaptiveAvgPool2d((1, 1)),
    nn.Flatten(),
    nn.Linear(64, 10),
)
print(model)"""
FUNCTIONS = """from torch import nn
import torch.nn.functional as F
x = F.max_pool2d(F.relu(nn.Conv2d(3, 8, 3, padding=1)(x)), 3, 1)
y = nn.Conv2d(8, 8, 3, padding=1)(x)
out = torch.cat([x, y], 1)
nn.TransformerEncoderLayer(28, 2, 5, activation='gelu')(nn.Flatten(2)(out))"""
MNIST = """model = keras.Sequential(
    [
        keras.Input(shape=(28, 28, 1)),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()"""
ADDED = """from tensorflow.keras.models import Sequential
model = Sequential()
model.add(Conv2D(16, 5, strides=2, padding='same', input_shape=(31, 29, 3), use_bias=False))
model.add(BatchNormalization())
model.add(Activation('relu'))
model.add(SeparableConv2D(24, 3))
model.add(GlobalAveragePooling2D())
model.add(Dense(7))
model.compile(optimizer='adam', loss='mse')"""
FUNCTIONAL = """inputs = keras.Input(shape=(8, 8, 6))
a = layers.Conv2DTranspose(4, (3, 3), strides=(2, 2), padding="same")(inputs)
b = layers.UpSampling2D(2)(inputs)
x = layers.Concatenate()([a, b])
x = layers.Dense(5)(x)
outputs = layers.add([x, x])
model = keras.Model(inputs, outputs)"""
ENCODER = """layer = nn.TransformerEncoderLayer(d_model=12, nhead=3, dim_feedforward=20, batch_first=True)
nn.TransformerEncoder(nn.TransformerEncoderLayer(12, 3, 20, dropout=0, batch_first=True), num_layers=2)
nn.TransformerDecoderLayer(12, 3, 20, norm_first=True)
nn.MultiheadAttention(12, 4, dropout=0.1, batch_first=True)"""
TWO = """left = Input(shape=(16,))
right = Input(shape=(5,))
joined = concatenate([Dense(3, activation='relu')(left), right])
model = Model(inputs=[left, right], outputs=Dense(2)(joined))"""


@pytest.mark.parametrize(
    ("text", "shape", "out", "parameters"),
    [
        pytest.param(
            SEQUENTIAL, (3, 32, 32), (10,), 27 * 32 + 32 + 64 + 9 * 16 * 64 + 64 + 650, id="nn.Sequential"
        ),
        pytest.param(
            FUNCTIONS,
            (3, 16, 4),
            (16, 28),
            27 * 8 + 8 + 9 * 64 + 8 + 4 * (28 * 28 + 28) + 2 * 28 * 5 + 5 + 28 + 4 * 28,
            id="functions and torch.cat",
        ),
        # keras.io/examples/vision/mnist_convnet says 34,826
        pytest.param(MNIST, None, (10,), 34_826, id="Keras' MNIST example"),
        pytest.param(
            ADDED, None, (7,), 25 * 3 * 16 + 32 + 9 * 16 + 16 * 24 + 24 + 24 * 7 + 7, id="model.add"
        ),
        pytest.param(FUNCTIONAL, None, (5, 16, 16), 9 * 6 * 4 + 4 + 10 * 5 + 5, id="functional"),
        # attention 4 (144 + 12), feed forward 240 + 20 + 240 + 12, normalisation 24 each
        pytest.param(
            ENCODER,
            (7, 12),
            (7, 12),
            3 * (4 * 156 + 512 + 48) + (8 * 156 + 512 + 72) + 4 * 156,
            id="transformer layers",
        ),
        pytest.param(TWO, None, (2,), 16 * 3 + 3 + 8 * 2 + 2, id="two inputs"),
    ],
)
def test_code_is_counted(text, shape, out, parameters):
    count = count_network(network_from_text(text), [shape] if shape else ())
    assert count.shapes[count.network.outputs[0]][1:] == out
    assert count.totals["parameters"] == parameters
    assert not count.lower_bound


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_keras_transposed_convolution_puts_out_what_keras_says(kernel, stride):
    """'same' gives n s places; 'valid' n s + max(k - s, 0), as in keras.utils' deconv_output_length."""
    for padding, expected in (("same", 7 * stride), ("valid", 7 * stride + max(kernel - stride, 0))):
        settings = f"{kernel}, strides={stride}, padding='{padding}'"
        text = f"keras.Input(shape=(7, 7, 2))\nConv2DTranspose(3, {settings})"
        assert count_network(network_from_text(text)).rows[-1].shape == (3, expected, expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "class Net(nn.Module):\n    def forward(self, x):\n        return x",
            "line 1: a class is not run; `derive.count(module, input=...)` in Python counts a PyTorch module",
            id="class",
        ),
        pytest.param(
            "model.add(Conv2D(3, 3, activaton='relu'))",
            "line 1: Conv2D has no setting 'activaton' left to set; did you mean activation?",
            id="setting",
        ),
        pytest.param("Input(shape='large')", "line 1: a shape is several sizes, (28, 28, 1)", id="shape"),
        pytest.param(
            "keras.Input(shape=(5, 5, 1))\nConv2D(3, 3, activation='rely')",
            "line 2: there is no layer rely; did you mean ReLU",
            id="activation",
        ),
    ],
)
def test_what_is_no_network(text, message):
    with pytest.raises(NetworkError) as raised:
        network_from_text(text)
    assert message in str(raised.value)
