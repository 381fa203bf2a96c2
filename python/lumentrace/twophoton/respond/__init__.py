"""Responses of regions and pixels to epochs, and kernels of random stimuli."""
