"""Search: designs of a space, their bounds and replays, and the front of what is wanted of them."""
