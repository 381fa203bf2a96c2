"""The report on two or more channels of an image."""
