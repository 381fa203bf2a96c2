"""The stages of a pair, each kept, and batches of pairs."""
