"""Where recordings are, and what a converted one holds."""
