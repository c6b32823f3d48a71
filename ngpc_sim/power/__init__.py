"""Energy, power and area of a frame that has run."""
