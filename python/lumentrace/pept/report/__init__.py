"""The report on tracked trajectories."""
