"""Hooks: what a user adds to a training, step by step."""

from __future__ import annotations

from typing import Any

Tensor = Any


class Hook:
    """Does nothing; override what you need. What it gets is what the training uses: a change in place takes effect.

    `run` is the `heldout.nets.fit.run.Run`: ``run.stack.values`` are all trained weights, (n_replicates, n_values), and
    ``run.stack.views`` the arrays by name, (n_replicates, *shape). Where several stacks train at a time, each on a
    core, hooks are called from several threads. With hooks, no other processes are used.
    """

    def before_step(self, run: Any, batch: Any, rows: Tensor) -> None:
        """Rows as the first layer gets them, (n_replicates, n_rows, n_values)."""

    def before_update(self, run: Any, batch: Any, gradient: Tensor) -> None:
        """Gradient of the loss, (n_replicates, n_values), before L2, clipping and the optimizer's rule."""

    def after_step(self, run: Any, batch: Any) -> None:
        """The weights have changed."""

    def after_epoch(self, run: Any, scores: list[dict[str, float]]) -> None:
        """Scores of each replicate on its validation rows; those that are done are gone from ``run.members`` next."""
