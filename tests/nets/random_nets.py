"""Random nets, fitted for a moment and given random weights: what opening a net is tested on."""

import numpy as np
from hypothesis import strategies as st

from heldout.errors import SettingError
from heldout.nets.classifier import NetClassifier
from heldout.nets.net import Net

SHAPES = [(11, 13, 3), (12, 9, 1), (23, 2), (7,)]
EVERYWHERE = ["relu", "tanh", "sigmoid", "gelu", "linear", "dropout 0.3", "batchnorm", "dense 3"]
ON_MAPS = [
    "conv 3 3",
    "conv 4 2 stride 2",
    "conv 3 3 same",
    "conv 3 4 stride 2 same",
    "maxpool 2",
    "maxpool 3 stride 2 same",
    "maxpool 2 same",
    "avgpool 2",
    "avgpool 3 stride 1 same",
    "avgpool 2 stride 1 same",
    "residual(conv 3 3 same, batchnorm, relu, conv 4 3 stride 2 same)",
    "residual(relu, conv 3 1, residual(tanh, dense 2), maxpool 3 stride 1 same)",
]
ON_VECTORS = ["residual(dense 4, relu, batchnorm)", "residual(tanh, residual(sigmoid))"]
ENDS = ["flatten", "globalpool", "globalpool max"]


@st.composite
def nets(draw, shapes=SHAPES, on_maps=ON_MAPS, everywhere=EVERYWHERE, on_vectors=ON_VECTORS):
    """A net in the layer language that fits a shape, and the shape."""
    shape = draw(st.sampled_from(shapes))
    on_vectors = draw(st.lists(st.sampled_from([*everywhere, *on_vectors]), max_size=4))
    layers = on_vectors
    if len(shape) > 1:
        before = draw(st.lists(st.sampled_from([*everywhere, *on_maps]), max_size=5))
        layers = [*before, draw(st.sampled_from(ENDS)), *on_vectors]
    while not fits(layers, shape):
        layers = layers[1:]  # in the end only what stands on vectors, or the end itself
    return ", ".join(layers), shape


def fits(layers, shape):
    """Whether a net can be planned."""
    try:
        Net(list(layers)).plan(shape, 3)
    except SettingError:
        return False
    return True


def fitted(spec, shape, *, seed=0, dtype=np.float64, scale=1.0, **settings):
    """A fitted net of two replicates with random weights of this standard deviation, and rows."""
    random = np.random.default_rng(seed)
    x, y = random.standard_normal((9, *shape)), np.arange(9) % 3
    x = random.integers(0, 256, x.shape).astype(np.uint8) if dtype == np.uint8 else x.astype(dtype)
    settings = {"precision": "float64", "epochs": 1, "batch": 5, "threads": 1, "replicates": 2, **settings}
    net = NetClassifier(spec, **settings).fit(x, y)
    for r in range(settings["replicates"]):
        shapes = {name: a.shape for name, a in net.weights(r).items() if "input." not in name}
        weights = {name: scale * random.standard_normal(shape) for name, shape in shapes.items()}
        net.set_weights({n: a**2 + 0.3 if n.endswith("variance") else a for n, a in weights.items()}, r)
    return net, x


def channels_first(x):
    """Rows as a tensor for a plain module."""
    import torch

    return torch.from_numpy(np.moveaxis(np.asarray(x), -1, 1) if x.ndim > 2 else x)
