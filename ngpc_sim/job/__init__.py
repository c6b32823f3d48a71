"""A request as typed: its design points, notes on its numbers, explanations, exports."""
