"""Update rules, on all parameters of all replicates at once: arrays of shape (replicates, parameters).

Each rule is written as published, with the constants of `Settings`; nothing is inherited from a library's defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from heldout.nets.settings import Settings

Tensor = Any
State = dict[str, Tensor]


def state_names(settings: Settings) -> tuple[str, ...]:
    """Arrays that the optimizer remembers, each as large as the parameters."""
    return {
        "sgd": ("velocity",),
        "rmsprop": ("square",),
        "adagrad": ("square",),
        "adadelta": ("square", "change"),
        "adam": ("mean", "square"),
        "adamw": ("mean", "square"),
    }[settings.optimizer]


def update_rule(settings: Settings) -> Callable[[Tensor, Tensor, State, Tensor, Tensor, Tensor], None]:
    """Return ``step(parameters, gradient, state, lr, momentum, t)``, which changes parameters and state in place.

    `lr`, `momentum` and `t` (steps done, this one included) have shape (replicates, 1); `t` is float64.
    """
    rules = {
        "sgd": _nesterov if settings.nesterov else _sgd,
        "rmsprop": _rmsprop,
        "adagrad": _adagrad,
        "adadelta": _adadelta,
        "adam": _adam,
        "adamw": _adam,
    }
    rule = rules[settings.optimizer]

    def step(p: Tensor, g: Tensor, state: State, lr: Tensor, momentum: Tensor, t: Tensor) -> None:
        with torch.no_grad():
            rule(p, g, state, lr, momentum, t, settings)

    return step


def _sgd(p: Tensor, g: Tensor, state: State, lr: Tensor, momentum: Tensor, t: Tensor, s: Settings) -> None:
    """Rule: v <- m v - lr g; p <- p + v."""
    v = state["velocity"]
    v.mul_(momentum).addcmul_(g, lr, value=-1)
    p.add_(v)


def _nesterov(p: Tensor, g: Tensor, state: State, lr: Tensor, momentum: Tensor, t: Tensor, s: Settings) -> None:
    """Rule: v <- m v - lr g; p <- p + m v - lr g (Sutskever et al. 2013, as Keras and PyTorch write it)."""
    v = state["velocity"]
    v.mul_(momentum).addcmul_(g, lr, value=-1)
    p.addcmul_(v, momentum).addcmul_(g, lr, value=-1)


def _rmsprop(p: Tensor, g: Tensor, state: State, lr: Tensor, momentum: Tensor, t: Tensor, s: Settings) -> None:
    """Rule: a <- rho a + (1 - rho) g^2; p <- p - lr g / (sqrt(a) + eps) (Tieleman and Hinton 2012)."""
    a = state["square"]
    a.mul_(s.decay).addcmul_(g, g, value=1 - s.decay)
    p.sub_(a.sqrt().add_(s.epsilon).reciprocal_().mul_(g).mul_(lr))


def _adagrad(p: Tensor, g: Tensor, state: State, lr: Tensor, momentum: Tensor, t: Tensor, s: Settings) -> None:
    """Rule: a <- a + g^2; p <- p - lr g / (sqrt(a) + eps) (Duchi et al. 2011)."""
    a = state["square"]
    a.addcmul_(g, g)
    p.sub_(a.sqrt().add_(s.epsilon).reciprocal_().mul_(g).mul_(lr))


def _adadelta(p: Tensor, g: Tensor, state: State, lr: Tensor, momentum: Tensor, t: Tensor, s: Settings) -> None:
    """Rule: u = g sqrt(d + eps) / sqrt(a + eps), a and d running means of g^2 and u^2; p <- p - lr u (Zeiler 2012)."""
    a, d = state["square"], state["change"]
    a.mul_(s.decay).addcmul_(g, g, value=1 - s.decay)
    u = (d + s.epsilon).div_(a + s.epsilon).sqrt_().mul_(g)
    d.mul_(s.decay).addcmul_(u, u, value=1 - s.decay)
    p.sub_(u.mul_(lr))


def _adam(p: Tensor, g: Tensor, state: State, lr: Tensor, momentum: Tensor, t: Tensor, s: Settings) -> None:
    """Rule: p <- p - lr m' / (sqrt(v') + eps), m' and v' bias-corrected (Kingma and Ba 2015, algorithm 1)."""
    m, v = state["mean"], state["square"]
    m.mul_(s.beta1).add_(g, alpha=1 - s.beta1)
    v.mul_(s.beta2).addcmul_(g, g, value=1 - s.beta2)
    root = (v / (1 - s.beta2**t).to(p.dtype)).sqrt_().add_(s.epsilon)
    p.sub_((m * (lr / (1 - s.beta1**t).to(p.dtype))).div_(root))
