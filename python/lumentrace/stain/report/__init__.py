"""Reports on images before and after staining."""
