"""CONTRIBUTING, 'add a layer': a file in nets/layers/ and its lines in `LAYERS`."""

import pytest

pytest.importorskip("torch")

LAYER = '''"""Times a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from heldout.lines import Number, Word
from heldout.nets.layers.base import Layer, Replicates, Step, Tensor
from heldout.nets.layers.batch import Batch


@dataclass(frozen=True)
class Scale(Layer):
    """Every value times a number."""

    WORDS: ClassVar = (Word("scale", "multiplies every value", (Number("factor", -100, 100, about="the factor"),)),)

    factor: float = 1.0

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """The product."""
        return x * self.factor

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """A module that multiplies."""
        from torch import nn

        class Times(nn.Module):
            def forward(inner, x: Tensor) -> Tensor:
                return x * self.factor

        return Times()
'''
SCRIPT = """
import numpy as np
import heldout as ho
net = ho.Net("dense 8, scale 2, relu")
assert "scale 2" in str(net), str(net)
assert "scale" in str(net.summary((4,), 3))
random = np.random.default_rng(0)
x = random.normal(size=(60, 4)).astype(np.float32)
y = (x[:, 0] > 0).astype(int)
classifier = ho.NetClassifier(net, epochs=30, batch=16, lr=0.01, seed=1).fit(x, y)
assert classifier.score(x, y) > 0.8
try:
    ho.Net("dense 8, scale")
except Exception as error:
    print(error)
"""


@pytest.fixture(scope="module", autouse=True)
def layer(house):
    house.write("src/heldout/nets/layers/scale.py", LAYER)
    path = "src/heldout/nets/layers/__init__.py"
    house.insert(path, "\n#: Every layer", "from heldout.nets.layers.scale import Scale\n")
    house.insert(path, "Conv, Dense, Pool", "Scale, ")


def test_a_net_is_written_with_it_and_learns(house):
    assert "the factor" in house.python("-c", SCRIPT)
