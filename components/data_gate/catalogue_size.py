"""The gate on the size of the catalogue: compares it with that of the version that serves."""

from components.gate import GateResult, Verdict

CATALOGUE_SIZE = "data.catalogue_size"


def catalogue_size_gate(
    num_items: int, version: str | None, num_served: int | None, max_drop: float | None
) -> GateResult:
    """Rejects a catalogue that is much smaller than the one that serves, such as a truncated file.

    Args:
      num_items: Number of items of the new catalogue.
      version: The version that serves; None if no model is served.
      num_served: Number of items that it can recommend; None if its manifest does not state it.
      max_drop: The largest accepted relative loss of items; None switches the gate off.

    Returns:
      The result; its value is the new number of items divided by the served one.
    """
    if max_drop is None:
        reason = f"{num_items:,} items; push.max_catalogue_drop is null, so the size has no limit"
        return GateResult(CATALOGUE_SIZE, True, None, None, reason)
    if version is None:
        reason = f"{num_items:,} items; no model is served yet, so there is none to compare with"
        return GateResult(CATALOGUE_SIZE, True, None, None, reason)
    if not num_served:
        reason = (
            f"undecided: {num_items:,} items; the manifest of version {version}, which serves, "
            "does not state its number of items"
        )
        return GateResult(CATALOGUE_SIZE, True, None, None, reason, Verdict.UNDECIDED)
    share, smallest = num_items / num_served, 1.0 - max_drop
    passed = share >= smallest
    reason = (
        f"{num_items:,} items, {share:.4g} of the {num_served:,} items of version {version}, which "
        f"serves; at least {smallest:.4g} is required"
    )
    if not passed:
        reason += (
            ": check that the items files are complete; if the catalogue has really shrunk, raise "
            "push.max_catalogue_drop"
        )
    return GateResult(CATALOGUE_SIZE, passed, share, smallest, reason)
