"""Names for the columns of files without a header."""

from pipeline.init.entities import EntityProposal
from pipeline.init.log import LogProposal
from pipeline.init.words import Role
from schemas.source_settings import FeatureKind

_NAMES = {
    Role.USER: "user",
    Role.ITEM: "item",
    Role.TIME: "time",
    Role.EVENT_TYPE: "type",
    Role.VALUE: "value",
    Role.EVENT_ID: "event_id",
}


def log_names(log: LogProposal) -> dict[str, str]:
    """Returns the new names of the columns of a log without a header; none with one."""
    if log.sample.layout.has_header:
        return {}
    return {choice.column: _NAMES[role] for role, choice in log.fields.items()}


def entity_names(found: EntityProposal, key: str) -> dict[str, str]:
    """Returns the new names of the columns of a file without a header; none with one."""
    if found.sample.layout.has_header:
        return {}
    names = {found.key.column: key.removesuffix("_id")}
    texts = [f.column for f in found.features if f.kind is FeatureKind.TEXT]
    return names | ({texts[0]: "title"} if texts else {})
