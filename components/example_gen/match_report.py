"""The report on ids of the log without a row: an error if none has one, a warning if few have."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.example_gen.id_diagnosis import Diagnosis, diagnose
from components.records.matches import FOUND, ITEMS, REJECTED, UNMATCHED, USERS
from components.records.summary_file import format_rejects
from schemas.errors import InputError
from schemas.settings import DataSettings

# Fewer than this share is a warning: the ids that have a row, of the ids of the log or of the rows,
# whichever are fewer. Many users without a row, or many rows of inactive users, are normal.
FEW = 0.5
# If more than this share of the ids of the log have no row, their spelling is examined. It is a
# warning if rules would make at least the share FEW of these equal to an id that has a row.
EXAMINED = 0.05


@dataclass(frozen=True)
class SourceRows:
    """The rows that ids of the log are looked up in.

    Attributes:
      name: `users` or `items`, as in the settings.
      known: Returns the ids that have a row.
      rejected: Why all rows of an id were rejected, by id.
    """

    name: str
    known: Callable[[], Iterable[str]]
    rejected: Mapping[str, str] = field(default_factory=dict)


def match_warnings(
    summary: dict[str, Any], data: DataSettings, sources: Iterable[SourceRows]
) -> tuple[str, ...]:
    """Returns a warning for each source in which few ids of the log were found.

    Args:
      summary: The summary that the pipeline wrote (`read_summary`).
      data: The settings of the data.
      sources: The sources of rows.

    Raises:
      InputError: No id was found in a source. The message names the nearest id and the setting that
        makes the ids equal, if there is one.
    """
    present = [source for source in sources if source.name in summary["matches"]]
    texts = [_check(summary, data, source) for source in present]
    texts += [_rejected(summary, data, source) for source in present]
    return tuple(text for text in texts if text)


def _check(summary: dict[str, Any], data: DataSettings, source: SourceRows) -> str:
    matches = summary["matches"][source.name]
    found, unmatched = (matches["ids"].get(key, 0) for key in (FOUND, UNMATCHED))
    total = sum(matches["ids"].values())
    if not unmatched or unmatched <= EXAMINED * total:
        return ""
    rejects = format_rejects(summary, USERS) if source.name == USERS else ""
    diagnosis = diagnose(matches["sample"], source.known(), data.ids)
    if not diagnosis.num_known:
        raise InputError(
            f"{source.name}: {_place(data, source.name)} has no valid row, so that no "
            f"{_one(source.name)} of the log has one. {rejects}".rstrip()
        )
    cause = _cause(diagnosis, source.name)
    if not found:
        raise InputError(
            f"{source.name}: none of the {unmatched} {source.name} of the log "
            f"({data.interactions.place}) is in {_place(data, source.name)}. {cause}"
        )
    is_repairable = diagnosis.partners and len(diagnosis.partners) >= FEW * diagnosis.num_ids
    if found >= FEW * min(total, diagnosis.num_known) and not is_repairable:
        return ""
    return (
        f"{source.name}: only {found} of the {total} {source.name} of the log are in "
        f"{_place(data, source.name)}. {cause}"
    )


def _rejected(summary: dict[str, Any], data: DataSettings, source: SourceRows) -> str:
    """Returns a text about ids of the log whose rows were all rejected; "" if there are none."""
    ids = summary["matches"][source.name]["ids"]
    if not ids.get(REJECTED) or not source.rejected:
        return ""
    first = min(source.rejected)
    effect = "they have no features" if data.takes_logged_items else "their events are rejected"
    return (
        f"{source.name}: the rows of {ids[REJECTED]} of the {sum(ids.values())} {source.name} of "
        f"the log were rejected, so that {effect}. For example {first}: {source.rejected[first]}."
    )


def _cause(diagnosis: Diagnosis, name: str) -> str:
    where = "the catalogue" if name == ITEMS else "the users file"
    if not diagnosis.num_ids:
        return "Compare the spelling of the ids (rejects.raw is false, so no id is shown)."
    if diagnosis.partners:
        one, other = min(diagnosis.partners.items())
        rules = ", ".join(rule.value for rule in diagnosis.rules)
        return (
            f"{one} is not in {where}, {other} is: set `ids: {{normalise: [{rules}]}}`, with which "
            f"{len(diagnosis.partners)} of {diagnosis.num_ids} such ids match, or write the ids "
            "in the same way in both."
        )
    remedy = f"Check the file and the column of the ids; without common ids, leave out `{name}`."
    if diagnosis.similar:
        one, other = diagnosis.similar
        return f"{one} is not in {where}; the nearest id is {other}. {remedy}"
    examples = ", ".join(diagnosis.examples)
    return f"Ids in {where} are for example {examples}. {remedy}"


def _place(data: DataSettings, name: str) -> str:
    source = data.items if name == ITEMS else data.users
    where = "the catalogue" if name == ITEMS else "the users file"
    return f"{where} ({source.place})" if source else where


def _one(name: str) -> str:
    return name.removesuffix("s")
