"""Counterparts of the paper's figures, drawn from our own result rows: a file a figure.

Each figure's ``table`` prepares from the rows the numbers that are drawn, one mapping a point: that is its CSV. Its
``chart`` draws such a table and computes nothing.
"""
