"""Measuring: ratios, the scale of the autofluorescence, the difference and its spots."""
