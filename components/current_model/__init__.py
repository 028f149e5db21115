"""CurrentModel: what serves now, read from the push destination."""

# Modules that other steps may import.
__all__ = ["read"]
