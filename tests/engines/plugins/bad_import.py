"""A module that fails when it is imported."""

msg = "not today"
raise RuntimeError(msg)
