"""The numba functions: arrays and numbers in, arrays out; no spec, no architecture."""
