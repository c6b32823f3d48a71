"""The GPU alone: its baseline, the roofline of its kernels, and the counts of rays behind a frame."""
