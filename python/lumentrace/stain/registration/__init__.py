"""Registration of a pre-stain with a post-stain image."""
