"""Render loops of the apps and the bundled scenes: who asks the network what, in which order."""
