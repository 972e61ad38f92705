"""Procedures of the course, one module for each kind of experiment."""
