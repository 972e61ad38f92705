"""What can be fitted: the classical zoo and nets."""
