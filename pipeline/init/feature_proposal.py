"""A proposed feature, or the reason for which a column is not used."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.init.certainty import Certainty
from schemas.source_settings import FeatureKind

_MAX_SHOWN = 30


@dataclass(frozen=True)
class FeatureProposal:
    """A column that is proposed as a feature.

    Attributes:
      name: The name of the feature.
      column: The column.
      kind: How the column is read.
      certainty: How sure the kind is.
      reason: What it is based on, for a comment.
      settings: The other keys of the feature.
    """

    name: str
    column: str
    kind: FeatureKind
    certainty: Certainty
    reason: str
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOut:
    """A column that is not used, and why."""

    column: str
    reason: str


def split_proposals(
    proposals: list[FeatureProposal | LeftOut],
) -> tuple[tuple[FeatureProposal, ...], tuple[LeftOut, ...]]:
    """Returns the proposed features and the columns that are left out."""
    return (
        tuple(found for found in proposals if isinstance(found, FeatureProposal)),
        tuple(found for found in proposals if isinstance(found, LeftOut)),
    )


def quoted(text: str) -> str:
    """Returns a text in quotes for a reason, cut if it is long."""
    return repr(text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…")
