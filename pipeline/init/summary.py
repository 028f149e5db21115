"""What `twotower init` prints: what was found, how sure it is, and what to check."""

import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from pipeline.init.certainty import Choice
from pipeline.init.checks import checks_of
from pipeline.init.feature_proposal import FeatureProposal
from pipeline.init.log import LogProposal
from pipeline.init.proposal import Proposal
from pipeline.init.sample import Sample
from schemas.data_settings import ROW_ORDER
from schemas.events import MICROSECONDS_PER_SECOND


def summary(proposal: Proposal) -> Iterator[str]:
    """Yields the lines: what was found in each file, how sure it is, and what to check."""
    log = proposal.log
    yield from _found("log", log.sample)
    for role, choice in log.fields.items():
        yield _line(role.value, choice)
    if log.time is None:
        yield f"  timestamp    {ROW_ORDER}"
    elif log.reading.settings:
        yield f"  {log.reading.description}; {period_of(log)}"
    for name, found in (("items", proposal.items), ("users", proposal.users)):
        if found is not None:
            yield from _found(name, found.sample)
            yield _line("id", found.key)
            yield f"  features     {_names(found.features)}"
            if found.left_out:
                yield f"  not used     {', '.join(each.column for each in found.left_out)}"
    if log.context:
        yield f"  context      {_names(log.context)}"
    for check in checks_of(proposal):
        yield f"check {check}"


def _found(name: str, sample: Sample) -> Iterator[str]:
    yield f"{name}: {sample.layout.files[0]}: {sample.layout.description}; {sample.extent}"


def _line(name: str, choice: Choice) -> str:
    return f"  {name:<12} {choice.column} ({choice.comment})"


def _names(features: Iterable[FeatureProposal]) -> str:
    return ", ".join(f"{feature.name} ({feature.kind.value})" for feature in features) or "none"


def period_of(log: LogProposal) -> str:
    """Returns the first and the last day of the events that were read, for a message."""
    if log.times_us is None or log.reading.is_counter:
        return "the numbers are in order, but no times"
    # The ingestion rejects times in the future.
    known = log.times_us[log.times_us <= time.time() * MICROSECONDS_PER_SECOND]
    if not len(known):
        return "no valid time was read"
    ends_s = (known.min() / MICROSECONDS_PER_SECOND, known.max() / MICROSECONDS_PER_SECOND)
    first, last = (datetime.fromtimestamp(end_s, timezone.utc) for end_s in ends_s)
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d} in these records"
