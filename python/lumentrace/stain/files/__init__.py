"""Files: names, raw images, what stages write."""
