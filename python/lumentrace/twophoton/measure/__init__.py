"""When epochs were shown, and the fluorescence of regions."""
