"""Publishes a blessed bundle as one version for TF Serving, and takes versions back."""

# Modules that other steps may import.
__all__ = ["manifest", "versions"]
