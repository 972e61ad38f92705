"""The main job on a run folder: train, assess, evaluate, predict."""
