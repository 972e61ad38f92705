"""The course (Practical Deep Learning, R. T. Kneusel, 2021) as runnable experiments on top of heldout."""
