"""Analyses of an image stack: modules, and pipelines that run and record them."""
