"""The gate on the ids of a re-indexed catalogue: compares them with the items that serve.

In a run, other gates reject a catalogue whose ids differ from those of the log, because the items
of the events are unknown. A re-index has no events, and would embed each item as an unknown one.
"""

from collections.abc import Collection

from components.gate import GateResult, Verdict

CATALOGUE_IDS = "data.catalogue_ids"


def catalogue_ids_gate(
    item_ids: Collection[str],
    version: str | None,
    served_ids: Collection[str] | None,
    max_drop: float | None,
) -> GateResult:
    """Rejects a catalogue in which too many of the served items are missing.

    An example is a catalogue with ids in another form.

    Args:
      item_ids: The ids of the new catalogue.
      version: The version that serves; None if no model is served.
      served_ids: The ids of the items that it can recommend; None if they are not known.
      max_drop: The largest accepted share of these that is missing; None switches the gate off.

    Returns:
      The result; its value is the share of the served items that the new catalogue contains.
    """
    if max_drop is None:
        reason = "push.max_catalogue_drop is null, so any items may be missing"
        return GateResult(CATALOGUE_IDS, True, None, None, reason)
    if version is None:
        reason = "no model is served yet, so there are no items to compare with"
        return GateResult(CATALOGUE_IDS, True, None, None, reason)
    if not served_ids:
        reason = (
            f"undecided: version {version}, which serves, has no file with the ids of its items"
        )
        return GateResult(CATALOGUE_IDS, True, None, None, reason, Verdict.UNDECIDED)
    num_kept = len(set(served_ids).intersection(item_ids))
    share, smallest = num_kept / len(served_ids), 1.0 - max_drop
    passed = share >= smallest
    reason = (
        f"{num_kept:,} of the {len(served_ids):,} items of version {version}, which serves, are in "
        f"the new catalogue, {share:.4g}; at least {smallest:.4g} is required"
    )
    if not passed:
        reason += (
            ": check that the items files are complete and have the ids with which the model was "
            f"trained, such as {min(served_ids)!r}; if these items have really gone, train a new "
            "model (`twotower run`), or raise push.max_catalogue_drop"
        )
    return GateResult(CATALOGUE_IDS, passed, share, smallest, reason)
