"""From labelled data to a classifier you can trust."""

__version__ = "0.1.0"
