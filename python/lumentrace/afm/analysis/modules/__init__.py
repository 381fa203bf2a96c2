"""The analysis modules that come with lumentrace."""
