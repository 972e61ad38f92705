"""New plausible samples from old ones."""
