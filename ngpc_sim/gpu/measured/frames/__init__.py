"""Frames of the apps on a device: the kernels between calls of the network, one by one or fused, and the calls."""
