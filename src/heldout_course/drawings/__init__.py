"""Drawings of the course that are no curve: one module for each topic."""
