"""Models that only the course's experiments use."""
