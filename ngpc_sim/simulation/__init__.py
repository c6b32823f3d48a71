"""One design point to one result, and many points to many."""
