"""Tables, charts and result files, made from result rows: one mapping per design point.

Nothing here computes a result; a row is read by its stable column names and written as it is.
"""
