"""Motion of raw movies: measured, told with its errors, taken out."""
