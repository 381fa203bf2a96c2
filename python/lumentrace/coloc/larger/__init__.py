"""Images that are larger than memory, measured piece by piece."""
