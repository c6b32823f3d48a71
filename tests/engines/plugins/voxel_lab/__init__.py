"""A plug-in package as an architect would write it, outside ngpc_sim."""
