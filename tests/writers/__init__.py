"""What writes files in the package, a module for each room of it, for trials (`writing`)."""
