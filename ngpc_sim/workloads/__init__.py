"""Grids, networks, GPU kernels of an app, frame sizes, and the apps that are built in."""
