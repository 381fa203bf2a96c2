"""Pictures of films of heights, and the report on them."""
