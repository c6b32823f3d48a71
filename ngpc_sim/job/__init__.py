"""A request as typed: its design points, what is said below the table, explanations, exports."""
