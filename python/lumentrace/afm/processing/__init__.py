"""Processing of an image stack: filters, masks and edits, and pipelines that run and record them."""
