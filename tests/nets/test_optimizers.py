"""Each update rule against PyTorch's optimizer with the same constants, and plain descent against the one by hand."""

import numpy as np
import pytest
import torch

from heldout.nets.fit.optimizers import state_names, update_rule
from heldout.nets.settings import DEFAULT_LR, Settings
from heldout_course.scratch.descent import SGD

N_STEPS, SIZE = 23, 17

THEIRS = {
    "sgd": lambda p, lr, e: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "nesterov": lambda p, lr, e: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "rmsprop": lambda p, lr, e: torch.optim.RMSprop(p, lr=lr, alpha=0.9, eps=e),
    "adagrad": lambda p, lr, e: torch.optim.Adagrad(p, lr=lr, eps=e),
    "adadelta": lambda p, lr, e: torch.optim.Adadelta(p, lr=lr, rho=0.95, eps=e),
    "adam": lambda p, lr, e: torch.optim.Adam(p, lr=lr, eps=e),
}


@pytest.mark.parametrize("name", THEIRS)
def test_the_rule_takes_the_steps_of_pytorch(name):
    random = np.random.default_rng(0)
    gradients = torch.from_numpy(random.standard_normal((N_STEPS, 2, SIZE)))
    start = torch.from_numpy(random.standard_normal((2, SIZE)))
    settings = Settings(optimizer=name if name != "nesterov" else "sgd", nesterov=name == "nesterov", momentum=0.9)
    rates = [settings.rate, settings.rate / 3]
    ours, state = start.clone(), {n: torch.zeros_like(start) for n in state_names(settings)}
    rule = update_rule(settings)
    lr, momentum = torch.tensor(rates, dtype=torch.float64)[:, None], torch.full((2, 1), 0.9, dtype=torch.float64)
    for t, g in enumerate(gradients, 1):
        rule(ours, g.clone(), state, lr, momentum, torch.full((2, 1), float(t), dtype=torch.float64))
    for r in range(2):
        theirs = torch.nn.Parameter(start[r].clone())
        optimizer = THEIRS[name]([theirs], rates[r], settings.epsilon)
        for g in gradients:
            theirs.grad = g[r].clone()
            optimizer.step()
        torch.testing.assert_close(ours[r], theirs.data, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("nesterov", [False, True])
def test_descent_takes_the_steps_of_the_one_by_hand(nesterov):
    random = np.random.default_rng(1)
    start, gradients = random.standard_normal((2, SIZE)), random.standard_normal((N_STEPS, 2, SIZE))
    settings = Settings(optimizer="sgd", nesterov=nesterov)
    found, velocity = torch.from_numpy(start.copy()), torch.zeros((2, SIZE), dtype=torch.float64)
    lr, momentum = (torch.tensor(v, dtype=torch.float64) for v in ([[0.1], [0.03]], [[0.9], [0.5]]))
    for g in gradients:
        update_rule(settings)(found, torch.from_numpy(g), {"velocity": velocity}, lr, momentum, torch.ones(2, 1))
    for r, (rate, mu) in enumerate(((0.1, 0.9), (0.03, 0.5))):
        expected, descent = start[r].copy(), SGD(rate, momentum=mu, nesterov=nesterov)
        for g in gradients[:, r]:
            descent.step([expected], [g])
        torch.testing.assert_close(found[r], torch.from_numpy(expected), rtol=1e-12, atol=1e-12)


def test_the_default_rates_are_ours_and_written_down():
    assert DEFAULT_LR == {
        "sgd": 0.01,
        "rmsprop": 0.001,
        "adagrad": 0.01,
        "adadelta": 1.0,
        "adam": 0.001,
        "adamw": 0.001,
    }
    assert Settings().epsilon == 1e-7
