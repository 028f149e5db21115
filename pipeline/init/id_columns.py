"""Which columns of a log are the ids of users and items."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.init.certainty import Certainty, Choice
from pipeline.init.column import Column
from pipeline.init.words import Role, is_descriptive, name_score

# A name with the word of a role at its end, such as `customer_id`.
_NAMED = 0.9
# Share of the ids of a column that are in the catalogue or the users file, from which it is said to
# be the column of items or users.
_OVERLAP = 0.9
_MAX_ID_CHARACTERS = 300
# Malformed records may have a long text in place of an id.
_MAX_LONG_SHARE = 0.1
_MAX_WORDS = 2.5
_HALF = 0.5
_OTHER_ROLES = (Role.CONTEXT, Role.VALUE, Role.EVENT_TYPE)


@dataclass(frozen=True)
class KnownIds:
    """The ids of the catalogue or of the users file.

    Attributes:
      keys: The values of each column that could be the id, because each occurs once, by its name.
    """

    keys: Mapping[str, pa.StringArray] = field(default_factory=dict)

    def overlap(self, column: Column) -> float:
        """Returns the largest share of the ids of a column of the log that a key contains."""
        if not column.num_distinct:
            return 0.0
        keys = self.keys.values()
        found = (pc.sum(pc.is_in(column.distinct, value_set=key)).as_py() or 0 for key in keys)
        return max(found, default=0) / column.num_distinct


@dataclass(frozen=True)
class IdColumns:
    """The columns of the user and of the item; None for one that was not found."""

    user: Choice | None
    item: Choice | None


def choose_ids(
    columns: Sequence[Column],
    known: Mapping[Role, KnownIds],
    wanted: Mapping[Role, str],
) -> IdColumns:
    """Returns the columns of the user and of the item.

    Args:
      columns: The columns that have no other role, in their order.
      known: The ids of the users file (USER) and of the catalogue (ITEM).
      wanted: The columns that the user names, by role.
    """
    possible = {
        role: [column for column in columns if _is_possible(column, role, known, wanted)]
        for role in (Role.USER, Role.ITEM)
    }
    pairs = [
        (user, item)
        for user, item in itertools.product(possible[Role.USER], possible[Role.ITEM])
        if user is not item
    ]
    if not pairs:
        return _single(possible, known, wanted)
    place = {column.name: at for at, column in enumerate(columns)}

    def score(pair: tuple[Column, Column]) -> float:
        # Most logs have the user before the item.
        in_order = 0.2 if place[pair[0].name] < place[pair[1].name] else 0.0
        by_role = zip((Role.USER, Role.ITEM), pair, strict=True)
        return in_order + sum(_score(column, role, known) for role, column in by_role)

    user, item = max(pairs, key=score)
    return IdColumns(
        _choice(user, Role.USER, known, wanted, possible[Role.USER]),
        _choice(item, Role.ITEM, known, wanted, possible[Role.ITEM]),
    )


def _single(
    possible: Mapping[Role, list[Column]],
    known: Mapping[Role, KnownIds],
    wanted: Mapping[Role, str],
) -> IdColumns:
    """Returns the only column of ids in the role that it suits better."""
    columns = [column for found in possible.values() for column in found]
    if not columns:
        return IdColumns(None, None)
    is_user = _score(columns[0], Role.USER, known) > _score(columns[0], Role.ITEM, known)
    role = Role.USER if is_user else Role.ITEM
    choice = _choice(columns[0], role, known, wanted, columns)
    return IdColumns(choice, None) if is_user else IdColumns(None, choice)


def _is_possible(
    column: Column, role: Role, known: Mapping[Role, KnownIds], wanted: Mapping[Role, str]
) -> bool:
    if role in wanted:
        return column.name == wanted[role]
    named = name_score(column.name, role) > 0
    if column.name in wanted.values() or column.is_list:
        return False
    if column.num_distinct < (1 if named else 2):
        return False
    if len(column.numbers) and column.number_share == 1.0 and not column.is_whole:
        return False
    if any(isinstance(value, bool) for value in column.values[:100]):
        return False
    is_long = pc.greater(pc.utf8_length(column.distinct), _MAX_ID_CHARACTERS)
    if pc.mean(is_long).as_py() > _MAX_LONG_SHARE:
        return False
    if named or known[role].overlap(column) >= _OVERLAP:
        return True
    is_other = any(name_score(column.name, other) >= _NAMED for other in _OTHER_ROLES)
    return not is_descriptive(column.name) and not is_other


def _score(column: Column, role: Role, known: Mapping[Role, KnownIds]) -> float:
    words = pc.mean(pc.list_value_length(pc.utf8_split_whitespace(column.distinct))).as_py()
    score = 2 * name_score(column.name, role) + known[role].overlap(column)
    score += 0.3 * (column.name in known[role].keys)
    score += 0.3 * min(math.log10(column.num_distinct) / 4, 1.0)
    score -= 1.0 * is_descriptive(column.name) + 1.0 * (column.presence < _HALF)
    score -= 0.5 * (words > _MAX_WORDS)
    # A user without a second event has no history.
    return score - (1.0 if role is Role.USER and column.uniqueness == 1.0 else 0.0)


def _choice(
    column: Column,
    role: Role,
    known: Mapping[Role, KnownIds],
    wanted: Mapping[Role, str],
    possible: Sequence[Column],
) -> Choice:
    each = column.num_present / column.num_distinct
    facts = f"{column.num_distinct:,} ids, {each:.1f} records each"
    if role in wanted:
        return Choice(column.name, Certainty.CERTAIN, f"given by --column; {facts}")
    named = name_score(column.name, role)
    rivals = [
        other.name
        for other in possible
        if other is not column and name_score(other.name, role) >= _NAMED <= named
    ]
    if rivals:
        return Choice(column.name, Certainty.LIKELY, f"the name, as {', '.join(rivals)}; {facts}")
    if named >= _NAMED:
        return Choice(column.name, Certainty.CERTAIN, f"the name; {facts}")
    share = known[role].overlap(column)
    if share >= _OVERLAP:
        source = "the users file" if role is Role.USER else "the catalogue"
        certainty = Certainty.LIKELY if len(possible) > 1 else Certainty.CERTAIN
        reason = f"{share:.0%} of its ids are in {source}; {facts}"
        return Choice(column.name, certainty, reason)
    if named > 0:
        return Choice(column.name, Certainty.LIKELY, f"the name; {facts}")
    return Choice(column.name, Certainty.GUESS, f"by its place and values; {facts}")
