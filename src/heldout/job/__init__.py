"""The story: from data to a run, and the Python API."""
