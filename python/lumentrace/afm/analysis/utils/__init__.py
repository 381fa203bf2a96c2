"""Helpers around records: as JSON and HDF5, and as tables of frames and particles."""
