"""The classical candidates, their hyperparameters, and calibration."""
