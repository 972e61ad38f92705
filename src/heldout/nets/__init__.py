"""Nets: layers, the layer language, plans, replicates side by side, training, and the classifier."""
