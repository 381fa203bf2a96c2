"""Images before they are registered: intensities, masks, canvases, and numbers about whole images."""
