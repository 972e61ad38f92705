"""Training: the loop, the step, optimizers, schedules, checkpoints."""
