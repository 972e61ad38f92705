"""Losses of each row, from the outputs before the softmax."""

from __future__ import annotations

from typing import Any

import torch

Tensor = Any


def row_losses(
    logits: Tensor,
    labels: Tensor,
    *,
    loss: str,
    smoothing: float = 0.0,
    others: Tensor = None,
    shares: Tensor = None,
) -> Tensor:
    """Loss of each row.

    Parameters
    ----------
    logits : tensor, shape (..., n_rows, n_classes)
    labels : int64 tensor, shape (..., n_rows)
    loss : 'cross-entropy', 'mse' or 'absolute'
        The last two compare the softmax with the one-hot label: the mean over the classes of the squared or absolute
        difference (as Keras defines them).
    smoothing : float
        Share of the label that is spread evenly over all classes (Szegedy et al. 2016, section 7).
    others, shares : tensors, shape (..., n_rows), optional
        Rows that are mixed: the class of what was mixed in, and the share in [0, 1] of the row's own class.

    Returns
    -------
    tensor, shape (..., n_rows)
    """
    if loss == "cross-entropy":
        log_p = torch.log_softmax(logits, -1)
        hit = -log_p.gather(-1, labels[..., None])[..., 0]
        if others is not None:
            hit = torch.lerp(-log_p.gather(-1, others[..., None])[..., 0], hit, shares)
        return hit if not smoothing else (1 - smoothing) * hit - smoothing * log_p.mean(-1)
    wanted = torch.nn.functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
    if others is not None:
        other = torch.nn.functional.one_hot(others, logits.shape[-1]).to(logits.dtype)
        wanted = torch.lerp(other, wanted, shares[..., None])
    wanted = wanted * (1 - smoothing) + smoothing / logits.shape[-1]
    difference = torch.softmax(logits, -1) - wanted
    return (difference * difference if loss == "mse" else difference.abs()).mean(-1)
