"""Checks on the data before anyone trains on it."""
