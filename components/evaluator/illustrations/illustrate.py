"""All illustrations of an evaluation as JSON values of bounded size."""

from collections.abc import Mapping
from typing import Any

from components.evaluator.held_out import Embeddings, EvaluationResult, HeldOutData
from components.evaluator.illustrations.item_map import item_map
from components.evaluator.illustrations.sampled_users import sampled_users
from components.evaluator.illustrations.shown_items import ShownItems
from components.evaluator.illustrations.worst_misses import worst_misses


def illustrate(
    held_out: HeldOutData,
    embeddings: Embeddings,
    model: EvaluationResult,
    baselines: Mapping[str, EvaluationResult],
    shows_records: bool,
    seed: int,
) -> dict[str, Any]:
    """Returns users with their recommendations, the worst misses and a map of the items.

    Args:
      held_out: The queries and the catalogue.
      embeddings: The embeddings of the model.
      model: The rankings of the model.
      baselines: The rankings of each baseline.
      shows_records: Whether events of users may be shown (`rejects.raw`).
      seed: The seed of the items on the map.

    Returns:
      `items`, the texts of the items by number; `users` and `misses`, None if records must not be
      shown; and `map`.
    """
    items = ShownItems(held_out.catalogue, held_out.table)
    users = sampled_users(held_out, embeddings, model, items) if shows_records else None
    misses = worst_misses(held_out, model, baselines, items) if shows_records else None
    places = item_map(embeddings.candidates, held_out.items.counts, items, seed)
    return {"users": users, "misses": misses, "map": places, "items": items.to_json()}
