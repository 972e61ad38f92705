"""How nets are fitted: stacked replicates, optimizers, schedules, checkpoints."""
