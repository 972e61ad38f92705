"""How good a classifier is, and how sure we are: confusion, metrics, intervals, curves."""
