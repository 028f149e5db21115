"""What the user has to check or edit in a proposed configuration."""

import math
from collections.abc import Iterator

from pipeline.init.certainty import Certainty
from pipeline.init.entities import EntityProposal
from pipeline.init.log import LogProposal
from pipeline.init.new_names import log_names
from pipeline.init.proposal import Proposal
from pipeline.init.sample import Sample
from pipeline.init.words import Role

# A larger share of rejected records is reported.
_FEW_REJECTS = 0.05
# A smaller share of the ids of the log with a row is reported.
_FEW_FOUND = 0.5


def checks_of(proposal: Proposal) -> Iterator[str]:
    """Yields what the user has to check or edit: the key of the configuration, and why."""
    log = proposal.log
    yield from _layout_checks("interactions", log.sample)
    names = log_names(log)
    for role, choice in log.fields.items():
        if choice.certainty is Certainty.GUESS:
            key = f"interactions.fields.{role.value}"
            column = names.get(choice.column, choice.column)
            yield f"{key}: {column} is a guess ({choice.reason})"
    reading = log.reading
    if reading.alternatives:
        formats = " or ".join((str(reading.time_format), *reading.alternatives))
        yield f"interactions.timestamp_format: {formats}: day and month could be exchanged"
    if owner := log.time_owner:
        key, noun = "interactions.fields.timestamp", owner.value.removesuffix("_id")
        yield (
            f"{key}: all events of each {noun} have the same time, so that it may be a "
            f"property of the {noun}. If another column states when an event happened, give "
            "--column timestamp=COLUMN"
        )
    yield from _reject_checks(log)
    for section, found in (("items", proposal.items), ("users", proposal.users)):
        if found is not None:
            yield from _layout_checks(section, found.sample)
            yield from _entity_checks(section, found)


def _reject_checks(log: LogProposal) -> Iterator[str]:
    """Yields the shares of rejected records that may exceed the limits of `twotower run`."""
    for role in (Role.USER, Role.ITEM):
        missing = 1.0 - log.column(role).presence
        if missing > _FEW_REJECTS:
            yield (
                f"interactions.fields.{role.value}: {missing:.1%} of the records have none and "
                f"are rejected; {_limit('interactions', 'missing_field', missing)}"
            )
    if log.untimed > _FEW_REJECTS:
        limit = _limit("interactions", "bad_timestamp", log.untimed)
        yield (
            f"interactions.fields.timestamp: {log.untimed:.1%} of the records have no "
            f"valid time and are rejected; {limit}"
        )
    if log.future > _FEW_REJECTS:
        yield (
            f"interactions.reject.future: {log.future:.1%} of the records have a time "
            "later than now and are rejected; if this is right, set interactions.reject: "
            "{future: false}"
        )
    if log.duplicates > _FEW_REJECTS:
        limit = _limit("interactions", "duplicate", log.duplicates)
        yield (
            f"interactions.reject.duplicates: {log.duplicates:.1%} of the records repeat "
            f"another one and are rejected; {limit}"
        )


def _limit(section: str, reason: str, share: float) -> str:
    limit = min(math.ceil(share * 20 + 1) / 20, 1.0)
    return f"if this is right, set {section}.reject_limits: {{{reason}: {limit:g}}}"


def _layout_checks(section: str, sample: Sample) -> Iterator[str]:
    layout = sample.layout
    if sample.repeated:
        yield (
            f"{section}: several columns have the name {' or '.join(sample.repeated)}; they are "
            "not read. Rename them in the header to use them"
        )
    if layout.header_certainty is Certainty.GUESS:
        first = "names of columns" if layout.has_header else "values"
        yield f"{section}.csv.header: the first line is taken for {first}, which is a guess"
    elif not layout.has_header:
        yield f"{section}.csv.header: the file has no header, so that these names are invented"
    if layout.source.csv.encoding in ("latin-1", "cp1252"):
        yield f"{section}.csv.encoding: not UTF-8; {layout.source.csv.encoding} is likely"
    if sample.num_unreadable:
        total = sample.num_unreadable + sample.num_records
        yield f"{section}: {sample.num_unreadable:,} of {total:,} records cannot be parsed"


def _entity_checks(section: str, found: EntityProposal) -> Iterator[str]:
    if found.key.certainty is Certainty.GUESS:
        yield f"{section}.fields: {found.key.column} is a guess ({found.key.reason})"
    if found.rules:
        rules = ", ".join(rule.value for rule in found.rules)
        yield f"ids.normalise: {rules} makes the ids of the log and of {section} equal"
    if not found.found:
        yield f"{section}.path: none of the ids of the log has a row; check the file and the ids"
    elif found.found < _FEW_FOUND:
        yield f"{section}.path: only {found.found:.1%} of the ids of the log have a row"
    if found.replaced > _FEW_REJECTS:
        yield (
            f"{section}.fields: {found.replaced:.1%} of the rows repeat the id of a later row and "
            f"are rejected; {_limit(section, 'duplicate', found.replaced)}"
        )
