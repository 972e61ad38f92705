"""The course's commands: `heldout book` and `heldout run`."""
