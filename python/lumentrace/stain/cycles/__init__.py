"""Background taken from the channels of multiplexed images, cycle by cycle, as MCMICRO asks for it."""
