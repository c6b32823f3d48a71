"""Free numbers of an architecture fitted to published rows, and how well the rows determine them.

The logarithms of the numbers are fitted, so a step is a factor. The objective is the chi-square of the rows: the sum of
the squares of (simulated - published) / uncertainty. Where the rows leave a direction free, the point nearest to the
architecture's own values is taken; :mod:`ngpc_sim.paper.calibration.least_squares` says how.
"""
