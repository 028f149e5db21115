"""The training run: data statistics, recipe, learning rate schedule and callbacks."""
