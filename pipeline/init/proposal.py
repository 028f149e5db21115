"""The proposed configuration of a log, its catalogue and its users file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from pipeline.init.entities import EntityProposal, key_candidates, propose_entities
from pipeline.init.feature_names import with_feature_names
from pipeline.init.id_columns import KnownIds
from pipeline.init.layout import find_layout
from pipeline.init.log import LogProposal, propose_log
from pipeline.init.sample import read_sample
from pipeline.init.words import Role

_MAX_NAME = 63
# Names of files that do not say what the log is about: the folder does.
_GENERIC = re.compile(
    r"(events?|logs?|interactions?|ratings?|reviews?|data|train|u|actions?|clicks?|views?)[\d-]*"
)


@dataclass(frozen=True)
class Proposal:
    """The proposed configuration.

    Attributes:
      name: The name of the model.
      log: What is proposed for the log.
      items: What is proposed for the catalogue, if there is one.
      users: What is proposed for the users file, if there is one.
    """

    name: str
    log: LogProposal
    items: EntityProposal | None = None
    users: EntityProposal | None = None


def propose(log: str, items: str | None, users: str | None, wanted: Mapping[Role, str]) -> Proposal:
    """Returns the proposed configuration.

    Args:
      log: The path of the log: a file, a glob or a folder.
      items: The path of the catalogue, if there is one.
      users: The path of the users file, if there is one.
      wanted: The columns that the user names, by role.

    Raises:
      InputError: A file cannot be read, or the log cannot be used; the message says why.
    """
    samples = {
        role: read_sample(find_layout(path), explodes=False)
        for role, path in ((Role.ITEM, items), (Role.USER, users))
        if path is not None
    }
    known = {
        role: key_candidates(samples[role]) if role in samples else KnownIds()
        for role in (Role.USER, Role.ITEM)
    }
    proposed = propose_log(read_sample(find_layout(log), explodes=True), known, wanted)
    entities = {role: propose_entities(sample, role, proposed) for role, sample in samples.items()}
    named = with_feature_names(proposed, entities.get(Role.ITEM), entities.get(Role.USER))
    return Proposal(_model_name(log), *named)


def _model_name(path: str) -> str:
    """Returns a name for the model.

    >>> _model_name("data/ml-1m/ratings.dat"), _model_name("Shop Events.csv.gz")
    ('ml-1m', 'shop-events')
    """
    parts = [part for part in PurePath(path).parts if not set(part) & set("*?[{")]
    names = [_slug(part.split(".")[0]) for part in reversed(parts)]
    named = (name for name in names if name and not _GENERIC.fullmatch(name))
    return next(named, next(filter(None, names), "model"))


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")[:_MAX_NAME].strip("-")
