"""Results on disk and for other programs."""
