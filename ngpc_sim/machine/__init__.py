"""The machine that the simulator runs on: threads, and what is kept in memory and on disk."""
