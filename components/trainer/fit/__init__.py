"""The training run: data statistics, recipe, optimiser schedule and callbacks."""
