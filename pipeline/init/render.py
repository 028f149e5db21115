"""The proposed configuration as YAML with comments."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.init.checks import checks_of
from pipeline.init.entities import EntityProposal
from pipeline.init.feature_proposal import FeatureProposal, LeftOut
from pipeline.init.log import LogProposal
from pipeline.init.new_names import entity_names, log_names
from pipeline.init.proposal import Proposal
from pipeline.init.sample import Sample
from pipeline.init.summary import period_of
from pipeline.init.words import Role, words_of
from pipeline.init.yaml_lines import comment_lines, flow, text_of, value_of, with_comment
from schemas.data_settings import ROW_ORDER
from schemas.source_settings import CsvSettings, SourceSettings

_LOW_RATINGS = 2
_RATINGS = frozenset({"rating", "score", "stars", "overall"})
_ORDER = (Role.USER, Role.ITEM, Role.EVENT_TYPE, Role.VALUE, Role.EVENT_ID, Role.TIME)
_FUNNEL = frozenset({"purchase", "transaction", "buy", "order", "cart", "addtocart", "add_to_cart"})


def render(proposal: Proposal, path: str) -> str:
    """Returns the configuration as YAML with comments.

    Args:
      proposal: What is proposed.
      path: The configuration file, for the commands in its first comment.
    """
    lines = [*_head(proposal, path), *_log(proposal.log)]
    for section, key, found in (
        ("items", "item_id", proposal.items),
        ("users", "user_id", proposal.users),
    ):
        if found is not None:
            lines += _entities(section, key, found)
    lines += [*_ids(proposal), *_targets(proposal.log), *_split(proposal.log)]
    return "\n".join(lines) + "\n"


def _head(proposal: Proposal, path: str) -> Iterator[str]:
    yield "# Starter configuration, written by `twotower init`."
    yield "# certain, likely and guess state how sure a choice is. All keys: docs/configuration.md."
    yield f"#   twotower ingest {path}    counts the records that are kept and rejected"
    yield f"#   twotower run {path}       trains, evaluates and publishes a model"
    checks = list(checks_of(proposal))
    if checks:
        yield "# To check:"
        for check in checks:
            yield from comment_lines(check, "#   - ", "#     ")
    yield f"name: {text_of(proposal.name)}"
    yield f"output: {text_of('runs/' + proposal.name)}"


def _source(sample: Sample, names: Mapping[str, str]) -> Iterator[str]:
    """Yields the lines of the location and the layout of a source."""
    source = sample.layout.source
    files = len(sample.layout.files)
    few = f"{files} files; " if files > 1 else ""
    yield from with_comment(
        f"  path: {value_of(source.path)}", f"{few}{sample.extent} were read", "  "
    )
    yield f"  format: {source.format}"
    csv = _changed_csv(source, names)
    if csv:
        certainty = sample.layout.header_certainty.value
        header = "the first line is the header" if sample.layout.has_header else "no header line"
        yield from with_comment(f"  csv: {flow(csv)}", f"{certainty}: {header}", "  ")
    if source.jsonl.syntax != "json":
        yield f"  jsonl: {{syntax: {source.jsonl.syntax}}}"
    if source.explode is not None:
        yield from with_comment(
            f"  explode: {value_of(source.explode)}", "each element of the list is an event", "  "
        )


def _changed_csv(source: SourceSettings, names: Mapping[str, str]) -> dict[str, Any]:
    default = CsvSettings()
    changed = {
        key: value
        for key, value in vars(source.csv).items()
        if value != getattr(default, key) and key != "header"
    }
    if "quote" in changed and changed["quote"] is None:
        changed["quote"] = "none"
    if source.csv.header is not None:
        changed["header"] = [names.get(name, name) for name in source.csv.header]
    return changed


def _log(log: LogProposal) -> Iterator[str]:
    names = log_names(log)
    yield "interactions:"
    yield from _source(log.sample, names)
    yield "  fields:"
    for role, choice in sorted(log.fields.items(), key=lambda field: _ORDER.index(field[0])):
        if role is not Role.TIME:
            column = text_of(names.get(choice.column, choice.column))
            yield from with_comment(f"    {role.value}: {column}", choice.comment, "    ")
    yield from _time(log, names)
    if log.context:
        yield "  context:"
        for feature in log.context:
            yield from _feature(feature, names)
    yield from _left_out(log.left_out, names, "  ")


def _time(log: LogProposal, names: Mapping[str, str]) -> Iterator[str]:
    if log.time is None:
        yield f"    timestamp: {ROW_ORDER}"
        return
    columns = [names.get(name, name) for name in log.time.columns]
    # The name of a column could be the word for the order of rows.
    single = len(columns) == 1 and columns[0] != ROW_ORDER
    value = value_of(columns[0] if single else columns)
    yield from with_comment(f"    timestamp: {value}", log.time.choice.comment, "    ")
    period = period_of(log)
    for key, setting in (
        log.reading.settings.items() or {"timestamp_unit": log.reading.unit}.items()
    ):
        if setting is not None:
            yield from with_comment(f"  {key}: {text_of(setting)}", period, "  ")


def _entities(section: str, key: str, found: EntityProposal) -> Iterator[str]:
    names = entity_names(found, key)
    yield f"{section}:"
    yield from _source(found.sample, names)
    yield "  fields:"
    column = text_of(names.get(found.key.column, found.key.column))
    yield from with_comment(f"    {key}: {column}", found.key.comment, "    ")
    if found.available_at is not None:
        choice = found.available_at
        yield from with_comment(
            f"    available_at: {text_of(names.get(choice.column, choice.column))}",
            choice.comment,
            "    ",
        )
        for name, setting in found.reading.settings.items():
            yield f"  {name}: {text_of(setting)}"
    if found.features:
        yield "  features:"
        for feature in found.features:
            yield from _feature(feature, names)
    yield from _left_out(found.left_out, names, "  ")
    if section == "items" and found.accepts_unknown:
        yield from with_comment(
            "  unknown: accept",
            f"{found.unknown:.1%} of the events are on items without a row here; they become "
            "candidates without features",
            "  ",
        )


def _feature(feature: FeatureProposal, names: Mapping[str, str]) -> Iterator[str]:
    column = names.get(feature.column, feature.column)
    name = column if feature.name == feature.column else feature.name
    settings: dict[str, str] = {"kind": feature.kind.value, **feature.settings}
    if name != column:
        settings["column"] = column
    value = flow(settings) if len(settings) > 1 else feature.kind.value
    comment = f"{feature.certainty.value}: {feature.reason}"
    yield from with_comment(f"    {text_of(name)}: {value}", comment, "    ")


def _left_out(left_out: Iterable[LeftOut], names: Mapping[str, str], indent: str) -> Iterator[str]:
    found = list(left_out)
    if found:
        yield f"{indent}# Not used:"
    for each in found:
        text = f"{names.get(each.column, each.column)}: {each.reason}"
        yield from comment_lines(text, f"{indent}#   ", f"{indent}#     ")


def _ids(proposal: Proposal) -> Iterator[str]:
    rules = dict.fromkeys(
        rule.value
        for found in (proposal.items, proposal.users)
        if found is not None
        for rule in found.rules
    )
    if rules:
        yield from with_comment(
            f"ids: {{normalise: [{', '.join(rules)}]}}",
            "ids of the files are spelled differently",
            "",
        )


def _targets(log: LogProposal) -> Iterator[str]:
    types = log.fields.get(Role.EVENT_TYPE)
    if types is not None:
        found = list(log.sample.columns[types.column].counts)
        wanted = [name for name in found if name.lower().removesuffix("s") in _FUNNEL]
        if wanted and len(wanted) < len(found):
            yield "# All events are targets. To make some types targets, the others history only:"
            yield f"# targets: {{event_types: {value_of(wanted)}}}"
    value = log.fields.get(Role.VALUE)
    if value is not None and _is_rating(log):
        yield "# Every event counts as interest. To treat low ratings as dislikes:"
        yield f"# targets: {{negative: {{max_value: {_LOW_RATINGS}}}}}"


def _is_rating(log: LogProposal) -> bool:
    column = log.column(Role.VALUE)
    numbers = column.numbers
    is_named = not _RATINGS.isdisjoint(words_of(column.name))
    if not is_named and log.sample.layout.has_header:
        return False
    return bool(len(numbers)) and numbers.min() >= 0 and 3 <= numbers.max() <= 10


def _split(log: LogProposal) -> Iterator[str]:
    share = f"{log.repeats:.0%} of the events repeat an earlier item of their user"
    value = "allow" if log.allows_repeats else "exclude"
    yield from with_comment(f"repeat_interactions: {value}", share, "")
    if log.ties:
        yield from with_comment("split: {policy: leave_one_out}", log.ties, "")
    else:
        yield "split: {policy: temporal, eval_fraction: 0.1, test_fraction: 0.1}"
