"""What one does with a run: assess, evaluate, predict, compare."""
