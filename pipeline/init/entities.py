"""What is proposed for the catalogue and the users file: the id, features, and how ids match."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.example_gen.id_diagnosis import diagnose
from components.id_normalisation import IdNormaliser
from pipeline.init.certainty import Certainty, Choice
from pipeline.init.column import Column
from pipeline.init.feature_proposal import FeatureProposal, LeftOut, split_proposals
from pipeline.init.features import propose_feature
from pipeline.init.id_columns import KnownIds
from pipeline.init.log import LogProposal
from pipeline.init.sample import Sample
from pipeline.init.time_reading import TimeReading
from pipeline.init.words import Role, has_id_word, name_score
from schemas.errors import InputError
from schemas.id_settings import IdNormalisation, IdsSettings

_MIN_UNIQUENESS = 0.5
_NEARLY_UNIQUE = 0.9
_NAMED = 0.6
# Smallest share of the events whose time is not before `available_at` of their item.
_MIN_AVAILABLE = 0.95
# Largest share of the events on items without a row for which these events are rejected.
_MAX_UNKNOWN = 0.05
# Ids that are compared with those of the catalogue to find the rules that make them equal.
_NUM_COMPARED = 1_000


@dataclass(frozen=True)
class EntityProposal:
    """The proposed configuration of the catalogue or of the users file.

    Attributes:
      sample: The first records.
      key: The column of the id.
      features: The proposed features.
      left_out: The other columns, and why they are not used.
      found: The share of the ids of the log that have a row, with `rules`.
      unknown: The share of the records of the log whose id has no row, with `rules`.
      rules: The rules of `ids.normalise` with which ids match.
      available_at: The column of the time from which an item exists, if there is one.
      reading: How `available_at` is read.
    """

    sample: Sample
    key: Choice
    features: tuple[FeatureProposal, ...]
    left_out: tuple[LeftOut, ...]
    found: float
    unknown: float
    rules: tuple[IdNormalisation, ...] = ()
    available_at: Choice | None = None
    reading: TimeReading = field(default_factory=TimeReading)

    @property
    def replaced(self) -> float:
        """The share of the rows that a later row with the same id replaces."""
        return 1.0 - self.sample.columns[self.key.column].uniqueness

    @property
    def accepts_unknown(self) -> bool:
        """Whether so many events are on items without a row that these are accepted."""
        return self.unknown > _MAX_UNKNOWN


def key_candidates(sample: Sample) -> KnownIds:
    """Returns the values of the columns of a catalogue or users file that could be its id."""
    return KnownIds(
        {
            name: column.distinct
            for name, column in sample.columns.items()
            if column.num_present and column.uniqueness >= _NEARLY_UNIQUE
        }
    )


def propose_entities(sample: Sample, role: Role, log: LogProposal) -> EntityProposal:
    """Returns the proposed configuration of a catalogue (ITEM) or users file (USER).

    Args:
      sample: Its first records.
      role: What its rows are.
      log: The proposal for the log, whose ids it has to match.

    Raises:
      InputError: No column can be the id.
    """
    logged = log.column(role)
    column = _choose_key(sample, role, logged)
    rules = _rules(logged, column)
    known, unknown = _matches(logged, column, rules)
    key = _key_choice(column, role, logged, known)
    others = [other for other in sample.columns.values() if other is not column]
    available = _available_at(others, column, log) if role is Role.ITEM else None
    others = [c for c in others if available is None or c.name != available.column]
    features, left_out = split_proposals(
        [propose_feature(column, is_item=role is Role.ITEM) for column in others]
    )
    reading = sample.columns[available.column].time if available else None
    return EntityProposal(
        sample,
        key,
        features,
        left_out,
        known,
        unknown,
        rules,
        available,
        reading or TimeReading(),
    )


def _choose_key(sample: Sample, role: Role, logged: Column) -> Column:
    """Returns the column of the id.

    Raises:
      InputError: No column has mostly different values.
    """
    possible = [
        column
        for column in sample.columns.values()
        if not column.is_list and column.num_present and column.uniqueness >= _MIN_UNIQUENESS
    ]
    repeated = [
        column.name
        for column in sample.columns.values()
        if column.uniqueness < _MIN_UNIQUENESS <= _matches(logged, column, ())[0]
    ]
    if repeated and not any(_matches(logged, column, ())[0] for column in possible):
        raise InputError(
            f"{sample.layout.files[0]}: column {repeated[0]!r} has the ids of the log, but more "
            "than half of its values repeat others; give a file with one row per item or user"
        )
    if not possible:
        raise InputError(
            f"{sample.layout.files[0]}: no column is the id of its rows: in each of "
            f"{', '.join(sample.columns)}, more than half of the values repeat others; give a file "
            "with one row per item or user"
        )
    return max(possible, key=lambda column: _key_score(column, role, logged))


def _key_choice(column: Column, role: Role, logged: Column, found: float) -> Choice:
    name = column.name
    is_named = name_score(name, role) >= _NAMED or has_id_word(name) or name == logged.name
    if is_named and found >= _MIN_UNIQUENESS:
        certainty = Certainty.CERTAIN
    else:
        certainty = Certainty.LIKELY if is_named or found >= _MIN_UNIQUENESS else Certainty.GUESS
    reason = f"{found:.0%} of the ids of the log, {column.num_distinct:,} different values"
    return Choice(name, certainty, reason)


def _key_score(column: Column, role: Role, logged: Column) -> float:
    share, _ = _matches(logged, column, ())
    is_same = 0.5 if column.name == logged.name else 0.0
    return 2 * share + is_same + name_score(column.name, role) + column.uniqueness


def _matches(
    logged: Column, key: Column, rules: tuple[IdNormalisation, ...]
) -> tuple[float, float]:
    """Returns the share of the ids of the log that have a row, and of the records without one."""
    ids, known = logged.distinct, key.distinct
    if rules:
        normalise = _normaliser(rules)
        known = pa.array([normalise(text) for text in known.to_pylist()], pa.string())
        ids = pa.array([normalise(text) for text in ids.to_pylist()], pa.string())
    is_known = pc.is_in(ids, value_set=known)
    counts = logged.counts
    num_unknown = sum(
        counts[text]
        for text, found in zip(logged.distinct.to_pylist(), is_known.to_pylist(), strict=True)
        if not found
    )
    share = (pc.sum(is_known).as_py() or 0) / max(len(ids), 1)
    return share, num_unknown / max(logged.num_present, 1)


def _normaliser(rules: tuple[IdNormalisation, ...]) -> IdNormaliser:
    return IdNormaliser(IdsSettings(normalise=rules))


def _rules(logged: Column, key: Column) -> tuple[IdNormalisation, ...]:
    """Returns the rules that give most unmatched ids of the log a row; empty without such rules."""
    is_known = pc.is_in(logged.distinct, value_set=key.distinct).to_numpy(zero_copy_only=False)
    unmatched = logged.distinct.filter(pa.array(~is_known))[:_NUM_COMPARED].to_pylist()
    if not unmatched:
        return ()
    found = diagnose(unmatched, key.distinct.to_pylist(), IdsSettings())
    return found.rules if len(found.partners) >= _MIN_UNIQUENESS * len(unmatched) else ()


def _available_at(columns: list[Column], key: Column, log: LogProposal) -> Choice | None:
    """Returns the column of the time from which an item exists, if the log agrees with it."""
    for column in columns:
        reading = column.time
        if reading is None or reading.is_counter or reading.conversion or reading.alternatives:
            continue
        if name_score(column.name, Role.AVAILABLE_AT) < _NAMED or reading.share < 1.0:
            continue
        share = _available_share(column, reading, key, log)
        if share >= _MIN_AVAILABLE:
            reason = f"the name; {share:.1%} of the events are not earlier"
            return Choice(column.name, Certainty.LIKELY, reason)
    return None


def _available_share(column: Column, reading: TimeReading, key: Column, log: LogProposal) -> float:
    """Returns the share of the events that are not before `available_at` of their item."""
    if log.times_us is None:
        return 0.0
    available: Mapping[str, float] = dict(
        zip(key.texts.to_pylist(), column.times_us(reading).tolist(), strict=True)
    )
    items = log.column(Role.ITEM).texts.to_pylist()
    since = np.array([available.get(item, np.nan) for item in items])
    is_known = np.isfinite(since) & np.isfinite(log.times_us)
    if not is_known.any():
        return 0.0
    return float((since[is_known] <= log.times_us[is_known]).mean())
