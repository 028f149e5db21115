"""The proposed configuration of a log, its catalogue and its users file."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from pipeline.init.certainty import Certainty
from pipeline.init.entities import EntityProposal, key_candidates, propose_entities
from pipeline.init.feature_proposal import FeatureProposal, LeftOut
from pipeline.init.id_columns import KnownIds
from pipeline.init.layout import find_layout
from pipeline.init.log import LogProposal, propose_log
from pipeline.init.new_names import log_names
from pipeline.init.sample import Sample, read_sample
from pipeline.init.words import Role
from schemas.features import feature_table
from schemas.settings import DataSettings, from_dict
from schemas.source_settings import FeatureKind

_MAX_NAME = 63
# A larger share of rejected records is reported.
_FEW_REJECTS = 0.05
# A smaller share of the ids of the log with a row is reported.
_FEW_FOUND = 0.5
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

    def checks(self) -> Iterator[str]:
        """Yields what the user has to check or edit: the key of the configuration, and why."""
        yield from _layout_checks("interactions", self.log.sample)
        names = log_names(self.log)
        for role, choice in self.log.fields.items():
            if choice.certainty is Certainty.GUESS:
                key = f"interactions.fields.{role.value}"
                column = names.get(choice.column, choice.column)
                yield f"{key}: {column} is a guess ({choice.reason})"
        reading = self.log.reading
        if reading.alternatives:
            formats = " or ".join((str(reading.time_format), *reading.alternatives))
            yield f"interactions.timestamp_format: {formats}: day and month could be exchanged"
        if owner := self.log.time_owner:
            key, noun = "interactions.fields.timestamp", owner.value.removesuffix("_id")
            yield (
                f"{key}: all events of each {noun} have the same time, so that it may be a "
                f"property of the {noun}. If another column states when an event happened, give "
                "--column timestamp=COLUMN"
            )
        yield from self._reject_checks()
        for section, found in (("items", self.items), ("users", self.users)):
            if found is not None:
                yield from _layout_checks(section, found.sample)
                yield from _entity_checks(section, found)

    def _reject_checks(self) -> Iterator[str]:
        """Yields the limits that `twotower run` exceeds: it accepts 10 % of rejected records."""
        for role in (Role.USER, Role.ITEM):
            missing = 1.0 - self.log.column(role).presence
            if missing > _FEW_REJECTS:
                yield (
                    f"interactions.fields.{role.value}: {missing:.1%} of the records have none and "
                    f"are rejected; {_limit('interactions', 'missing_field', missing)}"
                )
        if self.log.untimed > _FEW_REJECTS:
            limit = _limit("interactions", "bad_timestamp", self.log.untimed)
            yield (
                f"interactions.fields.timestamp: {self.log.untimed:.1%} of the records have no "
                f"valid time and are rejected; {limit}"
            )
        if self.log.future > _FEW_REJECTS:
            yield (
                f"interactions.reject.future: {self.log.future:.1%} of the records have a time "
                "later than now and are rejected; if this is right, set interactions.reject: "
                "{future: false}"
            )
        if self.log.duplicates > _FEW_REJECTS:
            limit = _limit("interactions", "duplicate", self.log.duplicates)
            yield (
                f"interactions.reject.duplicates: {self.log.duplicates:.1%} of the records repeat "
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
    return _with_feature_names(
        Proposal(_model_name(log), proposed, entities.get(Role.ITEM), entities.get(Role.USER))
    )


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


def _with_feature_names(proposal: Proposal) -> Proposal:
    """Returns the proposal with names of features that a configuration may contain.

    A feature whose column has a name that requests use for something else gets another name.
    """
    accepted: dict[str, list[FeatureProposal]] = {"items": [], "users": [], "context": []}
    left_out: dict[str, list[LeftOut]] = {"items": [], "users": [], "context": []}
    for place, features in (
        ("context", proposal.log.context),
        ("items", proposal.items.features if proposal.items else ()),
        ("users", proposal.users.features if proposal.users else ()),
    ):
        for number, feature in enumerate(features, 1):
            for name in (feature.name, _plain_name(feature, place, number)):
                named = replace(feature, name=name)
                trial = {**accepted, place: [*accepted[place], named]}
                if _are_allowed(trial):
                    accepted = trial
                    break
            else:
                left_out[place].append(LeftOut(feature.column, "its name is not possible"))
    log, items, users = proposal.log, proposal.items, proposal.users
    return replace(
        proposal,
        log=replace(
            log,
            context=tuple(accepted["context"]),
            left_out=(*log.left_out, *left_out["context"]),
        ),
        items=items and _with_features(items, accepted["items"], left_out["items"]),
        users=users and _with_features(users, accepted["users"], left_out["users"]),
    )


def _with_features(
    found: EntityProposal, features: list[FeatureProposal], left_out: list[LeftOut]
) -> EntityProposal:
    return replace(found, features=tuple(features), left_out=(*found.left_out, *left_out))


def _plain_name(feature: FeatureProposal, place: str, number: int) -> str:
    readable = re.sub(r"\W+", "_", feature.column, flags=re.ASCII).strip("_")
    return f"{place.removesuffix('s')}_{number}_{readable}".rstrip("_")


def _are_allowed(features: Mapping[str, list[FeatureProposal]]) -> bool:
    """Returns whether the names of features are possible together."""
    declared = {
        place: {feature.name: {"kind": FeatureKind(feature.kind)} for feature in found}
        for place, found in features.items()
    }
    if any(len(found) < len(features[place]) for place, found in declared.items()):
        return False
    source = {"path": "-", "format": "csv"}
    fields = {"user_id": "user", "item_id": "item", "timestamp": "time"}
    values = {
        "interactions": {**source, "fields": fields, "context": declared["context"]},
        "items": {**source, "fields": {"item_id": "item"}, "features": declared["items"]},
        "users": {**source, "fields": {"user_id": "user"}, "features": declared["users"]},
    }
    try:
        feature_table(from_dict(DataSettings, values))
    except ValueError:
        return False
    return True
