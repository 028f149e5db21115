"""The gate on the size of the catalogue: compares it with that of the version that serves.

With `items.unknown: accept`, the log refills a catalogue whose items files are truncated.
Therefore, the number of items in the files is compared as well as the number of all items.
"""

from components.gate import GateResult, Verdict

CATALOGUE_SIZE = "data.catalogue_size"


def catalogue_size_gate(
    num_items: int,
    version: str | None,
    num_served: int | None,
    max_drop: float | None,
    num_listed: int | None = None,
    num_listed_served: int | None = None,
) -> GateResult:
    """Rejects a catalogue that is much smaller than the one that serves, such as a truncated file.

    Args:
      num_items: Number of items of the new catalogue.
      version: The version that serves; None if no model is served.
      num_served: Number of items that it can recommend; None if its manifest does not state it.
      max_drop: The largest accepted relative loss of items; None switches the gate off.
      num_listed: Number of the new items that the items files contain; None without items files.
      num_listed_served: The same number for the version that serves; None if its manifest does not
        state it.

    Returns:
      The result; its value is the new number of items divided by the served one, or that of the
      items in the files if it is smaller.
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
    counted = f"{num_items:,} items, {share:.4g} of the {num_served:,} items"
    if num_listed is not None and num_listed_served and num_listed / num_listed_served < share:
        share = num_listed / num_listed_served
        counted = (
            f"{num_listed:,} items in the items files, {share:.4g} of the {num_listed_served:,} "
            "items in those"
        )
    passed = share >= smallest
    reason = f"{counted} of version {version}, which serves; at least {smallest:.4g} is required"
    if not passed:
        reason += (
            ": check that the items files are complete; if the catalogue has really shrunk, raise "
            "push.max_catalogue_drop"
        )
    return GateResult(CATALOGUE_SIZE, passed, share, smallest, reason)
