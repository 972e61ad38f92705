"""The augmentation of the course, as published and corrected."""
