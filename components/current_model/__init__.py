"""CurrentModel: what serves now, read from the push destination."""
