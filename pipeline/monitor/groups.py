"""Groups of traffic: the lists of one label, version and signature."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.served_lists import ANONYMOUS, ListMeasures, ServedLists, measure_lists
from pipeline.monitor.columns import Lists, Texts
from pipeline.monitor.traffic import Traffic
from pipeline.monitor.versions import VersionFacts
from schemas.traffic import SIGNATURES


@dataclass(frozen=True)
class Group:
    """The lists that one version recommended under one label with one signature.

    Attributes:
      label: The label, "" without one.
      version: The version.
      signature: The signature.
      rows: [num_lists] int64, the rows of the traffic.
    """

    label: str
    version: int
    signature: str
    rows: npt.NDArray[np.int64]

    @property
    def name(self) -> str:
        """The group as text."""
        label = f"label {self.label}" if self.label else "no label"
        return f"{label}, version {self.version}, {self.signature}"


def groups(traffic: Traffic) -> Iterator[Group]:
    """Yields the groups in order of label, version and signature."""
    columns = np.stack([traffic.label.codes, traffic.version, traffic.signature.codes], axis=1)
    found, index = np.unique(columns, axis=0, return_inverse=True)
    index = index.ravel()
    groups_found = [
        Group(
            traffic.label.values[label],
            int(version),
            traffic.signature.values[signature],
            np.flatnonzero(index == number),
        )
        for number, (label, version, signature) in enumerate(found.tolist())
    ]
    yield from sorted(groups_found, key=lambda group: (group.label, group.version, group.signature))


def evaluated_measures(group: Group, facts: VersionFacts) -> ListMeasures | None:
    """Returns the measures of held-out requests of the signature; None without a reference."""
    if facts.reference is None:
        return None
    return facts.reference.signatures.get(SIGNATURES.get(group.signature, ""))


def served_measures(traffic: Traffic, group: Group, facts: VersionFacts) -> ListMeasures:
    """Returns the measures of a group, over the bins of the reference if there is one."""
    lists = _served_lists(traffic, group, facts)
    evaluated = evaluated_measures(group, facts)
    if facts.reference is None or evaluated is None:
        return measure_lists(lists, int(lists.history_length.max()))
    edges = {rank: scores.edges for rank, scores in evaluated.scores.items()}
    return measure_lists(lists, facts.reference.max_history, edges)


def _served_lists(traffic: Traffic, group: Group, facts: VersionFacts) -> ServedLists:
    rows = group.rows
    user = traffic.user.codes[rows]
    is_anonymous = np.array([value == "" for value in traffic.user.values], bool)[user]
    has_items = facts.reference is not None
    history = _select(traffic.history, rows)
    num_unknown = None
    if has_items:
        is_unknown = ~history.texts.known(facts.items)
        num_unknown = np.diff(np.concatenate([[0], np.cumsum(is_unknown)])[history.offsets])
    is_known = None if facts.users is None else traffic.user.known(facts.users)[rows]
    items = _select(traffic.items, rows)
    return ServedLists(
        user=np.where(is_anonymous, ANONYMOUS, user),
        is_known_user=is_known,
        history_length=traffic.history_length[rows],
        num_history_ids=history.lengths,
        num_unknown_items=num_unknown,
        k=traffic.k[rows],
        offsets=items.offsets,
        item=items.texts.codes,
        score=traffic.score[positions(traffic.items.offsets, rows)],
    )


def _select(lists: Lists, rows: npt.NDArray[np.int64]) -> Lists:
    codes = lists.texts.codes[positions(lists.offsets, rows)]
    offsets = np.concatenate([[0], np.cumsum(lists.lengths[rows])])
    return Lists(offsets, Texts(codes, lists.texts.values))


def positions(offsets: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns the positions of the elements of some lists, list by list.

    >>> positions(np.array([0, 2, 2, 5]), np.array([2, 0])).tolist()
    [2, 3, 4, 0, 1]
    """
    lengths = offsets[rows + 1] - offsets[rows]
    starts = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(offsets[rows] - starts, lengths)
