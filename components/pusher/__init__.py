"""Publishes a blessed bundle as one version for TF Serving, and takes versions back."""
