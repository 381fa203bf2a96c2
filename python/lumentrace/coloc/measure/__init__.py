"""What is measured of two channels: correlation, co-occurrence, thresholds, chance."""
