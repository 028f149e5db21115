"""Names of features that a configuration may contain."""

import re
from collections.abc import Mapping
from dataclasses import replace

from pipeline.init.entities import EntityProposal
from pipeline.init.feature_proposal import FeatureProposal, LeftOut
from pipeline.init.log import LogProposal
from schemas.features import feature_table
from schemas.settings import DataSettings, from_dict
from schemas.source_settings import FeatureKind


def with_feature_names(
    log: LogProposal, items: EntityProposal | None, users: EntityProposal | None
) -> tuple[LogProposal, EntityProposal | None, EntityProposal | None]:
    """Returns the proposals with names of features that a configuration may contain.

    A feature whose column has a name that requests use for something else gets another name.

    Args:
      log: The proposal for the log.
      items: The proposal for the catalogue, if there is one.
      users: The proposal for the users file, if there is one.
    """
    accepted: dict[str, list[FeatureProposal]] = {"items": [], "users": [], "context": []}
    left_out: dict[str, list[LeftOut]] = {"items": [], "users": [], "context": []}
    for place, features in (
        ("context", log.context),
        ("items", items.features if items else ()),
        ("users", users.features if users else ()),
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
    return (
        replace(
            log,
            context=tuple(accepted["context"]),
            left_out=(*log.left_out, *left_out["context"]),
        ),
        items and _with_features(items, accepted["items"], left_out["items"]),
        users and _with_features(users, accepted["users"], left_out["users"]),
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
