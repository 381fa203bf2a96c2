"""The command line: one file per technique."""
