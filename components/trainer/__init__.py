"""Trains the query tower and the candidate tower together, and exports them."""

# The modules that other steps may import.
__all__ = [
    "data.batches",
    "data.id_vocabularies",
    "data.read",
    "data.read_windows",
    "data.windows",
    "export.saved_model",
    "fit.loop",
    "fit.recipe",
    "fit.train",
    "model.excluded_rows",
    "model.query_inputs",
    "model.towers",
    "plan",
    "state.training_state",
    "state.transfer",
    "state.vocabularies",
]
