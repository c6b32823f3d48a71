"""Counterparts of the paper's figures, drawn from our own result rows; each module has one figure.

The ``table`` of a figure prepares the numbers that are drawn, one mapping for each point. This is the figure's CSV. Its
``chart`` draws such a table and computes nothing. Its ``finding`` is one sentence about it.
"""
