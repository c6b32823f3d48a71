"""A timeline of a frame as a Perfetto trace: lanes of intervals, merged until they fit into a file of bounded size."""
