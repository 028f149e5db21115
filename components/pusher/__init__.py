"""Publishes blessed bundles as versions for TF Serving, and rolls versions back."""

# Modules that other steps may import.
__all__ = ["labels", "manifest", "versions"]
