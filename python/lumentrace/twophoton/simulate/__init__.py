"""Recordings and a lab with known truth."""
