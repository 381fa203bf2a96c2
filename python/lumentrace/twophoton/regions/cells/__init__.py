"""Cells of a movie: found by what their pixels do together."""
