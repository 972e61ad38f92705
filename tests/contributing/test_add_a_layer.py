"""CONTRIBUTING, 'add a layer': a file in nets/layers/ and its lines in `LAYERS`; everything else follows."""

import pytest

pytest.importorskip("torch")

LAYER = '''
"""Rows times a number, and a bias: a layer to see how one is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from heldout.lines import Number, Word
from heldout.nets.layers.base import Layer, Parameter, Replicates, Shape, Step, Tensor
from heldout.nets.layers.batch import Batch


@dataclass(frozen=True)
class Toy(Layer):
    """Multiply by a number and add a bias to each channel."""

    WORDS: ClassVar = (Word("toy", "multiplies by FACTOR and adds a bias", (Number("factor", 1, 9),)),)

    factor: float

    def place(self, name: str, shape: Shape, text: str) -> Step:
        """Add a bias a channel."""
        return Step(name, self, shape, shape, (Parameter(f"{name}.bias", shape[-1:], "bias"),))

    def forward(self, step: Step, x: Tensor, stack: Replicates, batch: Batch, *, overwrite: bool) -> Tensor:
        """Of vectors."""
        return x * self.factor + stack.views[step.parameters[0].name][:, None]

    def module(self, step: Step, arrays: Mapping[str, Tensor]) -> Any:
        """A Linear with a diagonal."""
        import torch

        from heldout.nets.layers.modules import set_values

        (bias,) = (arrays[p.name] for p in step.parameters)
        linear = torch.nn.Linear(len(bias), len(bias), dtype=bias.dtype)
        return set_values(linear, weight=torch.eye(len(bias)) * self.factor, bias=bias)
'''

USE = """
import json
import numpy as np
import torch
import heldout as ho
from heldout.errors import SettingError

torch.set_num_threads(1)
random = np.random.default_rng(0)
x, y = random.standard_normal((90, 5)).astype(np.float32), np.arange(90) % 3
x[y == 1, 0] += 3
print(ho.Net("toy 3, dense 4, toy 2").summary((5,), 3))
clf = ho.NetClassifier("toy 3, dense 4, relu", epochs=5, batch=16, lr=0.01, replicates=2).fit(x, y)
before = clf.outputs(x, "toy 1")
assert np.allclose(before[1], 3 * x + clf.weights(1)["toy 1.bias"], atol=1e-5)
assert np.abs(clf.weights()["toy 1.bias"]).max() > 0.001  # it was trained
module = clf.torch_module()
assert np.allclose(module(torch.from_numpy(x)).detach(), clf.outputs(x, "output", replicate=0), atol=1e-5)
meta, arrays = clf.to_arrays()
back = ho.NetClassifier.from_arrays(json.loads(json.dumps(meta)), arrays)
assert np.array_equal(back.predict_proba(x), clf.predict_proba(x))
try:
    ho.Net("toi 3")
except SettingError as error:
    print(error)
"""


def test_a_layer_is_one_file_and_one_line(house):
    house.write("src/heldout/nets/layers/toy.py", LAYER.lstrip())
    path = "src/heldout/nets/layers/__init__.py"
    house.insert(path, "\n#: Every layer", "from heldout.nets.layers.toy import Toy\n")
    house.insert(path, "Conv, Dense, Pool,", "Toy, ")
    house.write("use.py", USE)
    said = [" ".join(line.split()) for line in house.python("use.py").splitlines()]
    assert "toy 1 toy 3 5 5" in said
    assert "toy 2 toy 2 4 4" in said
    assert any("did you mean 'toy'" in line for line in said)
    docs = house.python("-c", "import tools.write_docs as docs; print(docs.PARTS['layers']())")
    assert "| `toy FACTOR` | multiplies by FACTOR and adds a bias |" in docs
