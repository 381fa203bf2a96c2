"""lumentrace in napari: files by drag and drop, layers written for other programs, examples."""
