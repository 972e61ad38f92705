"""Candidates, folds, fitting, search, learning curve, the choice, refit."""
