"""The step that evaluates a model on held-out events, with baselines, slices and gates."""
