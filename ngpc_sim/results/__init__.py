"""The row of a design point: its fields, the meaning of its columns, and published numbers."""
