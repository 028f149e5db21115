"""The step that evaluates a model on held-out events, with baselines, slices and gates."""

# The modules that other steps may import.
__all__ = ["embedding_health", "metrics", "paired_comparison", "ranking"]
