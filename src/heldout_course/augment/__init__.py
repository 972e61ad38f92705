"""The augmentation of the course, done right and as printed."""
