"""The layers, a file each. To add one: write its class, and list it here.

A layer's class holds everything about it: its words in the layer language, what it makes of a shape, its arrays, its
way forward on a stack of replicates, and its plain PyTorch counterpart (see `heldout.nets.layers.base.Layer`).
"""

from __future__ import annotations

from heldout.nets.layers.activation import Activation
from heldout.nets.layers.base import Layer
from heldout.nets.layers.batchnorm import BatchNorm
from heldout.nets.layers.conv import Conv
from heldout.nets.layers.dense import Dense
from heldout.nets.layers.dropout import Dropout
from heldout.nets.layers.flatten import Flatten
from heldout.nets.layers.globalpool import GlobalPool
from heldout.nets.layers.pool import Pool
from heldout.nets.layers.residual import Residual

#: Every layer, in the order in which the words are listed.
LAYERS: list[type[Layer]] = [Conv, Dense, Pool, GlobalPool, BatchNorm, Dropout, Flatten, Residual, Activation]


def layer_of(word: str) -> type[Layer]:
    """The layer that a word makes."""
    return next(layer for layer in LAYERS if any(known.name == word for known in layer.WORDS))
