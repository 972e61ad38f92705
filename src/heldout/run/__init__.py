"""The run folder: settings, metrics, identity, environment, openings of the seal."""
