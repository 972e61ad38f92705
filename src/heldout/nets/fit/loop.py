"""The training loop: epochs, batches, forward, loss, backward, step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from heldout.errors import TrainingError
from heldout.nets.fit.epoch import Epoch
from heldout.nets.fit.feed import Feed
from heldout.nets.fit.hooks import Hook
from heldout.nets.fit.measure import measure
from heldout.nets.fit.progress import Clock
from heldout.nets.fit.run import Run
from heldout.nets.fit.step import take_step
from heldout.nets.plan import Plan
from heldout.nets.settings import Job, Progress, Trained


class TrainingStopped(TrainingError):  # noqa: N818 - a wish to stop is no error
    """`should_stop` said so; nothing of this training is kept but its checkpoint."""


def train_stack(
    plan: Plan,
    jobs: Sequence[Job],
    feed: Feed,
    validation: Feed | None = None,
    *,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoint: Any = None,
    hooks: Sequence[Hook] = (),
) -> list[Trained]:
    """Train jobs that share a program side by side.

    Parameters
    ----------
    plan : Plan
        The net, placed on the shape of the rows.
    jobs : sequence of Job
        Replicates; their settings differ at most in `heldout.nets.settings.VARYING`.
    feed : Feed
        Rows and labels; `Job.rows` are positions in it.
    validation : Feed, optional
        Where `Job.validation` points; the same as `feed` if not given.
    progress : callable, optional
        Gets a dict after each epoch.
    should_stop : callable, optional
        Asked before each batch.
    checkpoint : heldout.nets.fit.checkpoint.Checkpoint, optional
    hooks : sequence of Hook
        What acts within the steps.

    Returns
    -------
    list of Trained, in the order of the jobs. One that diverged is marked failed.

    Raises
    ------
    TrainingStopped
        If `should_stop` returned True.
    """
    run = Run(plan, jobs, feed, hooks)
    if checkpoint is not None:
        checkpoint.restore(run)
    clock = Clock(run, progress)
    while run.members:
        for batch in Epoch(run).batches(run.done):  # of this epoch, from where a checkpoint left it
            if should_stop is not None and should_stop():
                if checkpoint is not None:
                    checkpoint.try_to_write(run)
                raise TrainingStopped("the training was stopped", fix="start it again, or give it more time")
            take_step(run, batch)
            clock.tick()
            if checkpoint is not None:
                checkpoint.maybe_write(run)
        scores = measure(run, validation or feed)
        for hook in run.hooks:
            hook.after_epoch(run, scores)
        run.end_epoch(scores)
        clock.end_epoch(run, scores)
    if checkpoint is not None:
        checkpoint.try_to_write(run)
    return run.results()
