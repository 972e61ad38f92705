"""Scaling, imputing, encoding: fitted on training rows only."""
