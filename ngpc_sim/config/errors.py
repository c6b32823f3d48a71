"""The one exception that a user's mistake raises.

Its text is one sentence that names the key or file, the value, and what would be right; the command
line prints it and exits with status 2.
"""


class UserError(ValueError):
    """A mistake in a file, an option or an argument; the message is one complete sentence."""
