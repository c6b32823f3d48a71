"""A frame: what its queries ask of the engines, its commands, its events, shared memory, and stalls."""
