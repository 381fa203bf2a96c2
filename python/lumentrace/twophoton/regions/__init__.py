"""Regions of cells: drawn, tiled, or found in images."""
