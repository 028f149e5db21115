"""The ids of items and users that have a row of their own in the embedding tables."""

from collections.abc import Iterable
from dataclasses import dataclass

import tensorflow_transform as tft

from components.transform.vocabularies import read_counts
from schemas.features import MISSING_TEXT
from schemas.transformed import ITEM_VOCABULARY, USER_VOCABULARY

_MISSING_ID = MISSING_TEXT.encode()


@dataclass(frozen=True)
class IdVocabularies:
    """The ids with a row of their own, in the order of their rows.

    Attributes:
      items: Item ids; those of split train first, the most frequent targets first.
      users: User ids, in the same order.
    """

    items: tuple[bytes, ...]
    users: tuple[bytes, ...]

    def grown(self, items: Iterable[bytes], users: Iterable[bytes]) -> "IdVocabularies":
        """Appends the ids that are new, in the order in which they are first given.

        >>> IdVocabularies((b"a",), (b"u",)).grown([b"b", b"a", b"b"], [b"u"]).items
        (b'a', b'b')
        """
        return IdVocabularies(_united(self.items, items), _united(self.users, users))


def read_id_vocabularies(windows_graph: tft.TFTransformOutput) -> IdVocabularies:
    """Reads the ids of split train from the transform graph of the windows.

    A user without a target has no row, because no query of that user is trained.

    Raises:
      ValueError: The graph has no vocabulary of items or users.
    """
    items, _ = read_counts(windows_graph, ITEM_VOCABULARY)
    users, num_targets = read_counts(windows_graph, USER_VOCABULARY)
    with_targets = (user for user, count in zip(users, num_targets, strict=True) if count)
    return IdVocabularies(tuple(items), _united((), with_targets))


def _united(known: tuple[bytes, ...], added: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys([*known, *(entry for entry in added if entry != _MISSING_ID)]))
