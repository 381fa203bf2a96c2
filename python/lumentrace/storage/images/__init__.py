"""Images in files: one door in, one out."""
