"""The algorithms by hand, in plain NumPy."""
