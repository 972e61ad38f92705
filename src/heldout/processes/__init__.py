"""Worker processes: the one pool, and its answer to death, Ctrl-C and silence."""
