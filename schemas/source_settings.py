"""What the log, the catalogue and the users file have in common: where they are, how they are laid
out, which of their columns are features, and how much of them may be unfit.

Plain frozen dataclasses: `pipeline.config` validates a YAML file into them once, and components
receive them as canonical JSON (`schemas.settings`). Constraints stand in the annotations.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from schemas.events import RejectReason

FORBID_UNKNOWN_KEYS = ConfigDict(extra="forbid")

SourceFormat = Literal["csv", "jsonl", "parquet", "avro", "tfrecord", "bigquery"]
TimestampUnit = Literal["s", "ms", "us", "iso8601"]
PositiveInt = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
# YAML reads unquoted digits as a number, where an id or the name of a span is meant.
TextOrDigits = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value)
]


class FeatureKind(str, Enum):
    """How a column becomes a feature."""

    TEXT = "text"
    CATEGORY = "category"
    CATEGORIES = "categories"
    NUMBER = "number"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True, kw_only=True)
class FeatureSettings:
    """One declared feature: `title: text` or `genres: {kind: categories, separator: "|"}`.

    `column` is the name in the file where it differs from the feature's own.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    kind: FeatureKind
    separator: Annotated[str, Field(min_length=1)] = "|"
    column: str | None = None


@dataclass(frozen=True, kw_only=True)
class CsvSettings:
    """How delimited text is laid out; `header` only where the file has none."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    delimiter: Annotated[str, Field(min_length=1)] = ","
    header: tuple[str, ...] | None = None
    encoding: str = "utf-8"


@dataclass(frozen=True, kw_only=True)
class RangeSettings:
    """Which days of a path with {YYYY}, {MM} and {DD}, or which numbers of one with {SPAN}, are
    read: the `last` so many, counted back from the newest that exists, or all from `begin` to
    `end` (both included; a date as 2024-05-01, or a number). Days or numbers that have no file
    inside the range are an error unless `allow_missing`.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    last: PositiveInt | None = None
    begin: TextOrDigits | None = None
    end: TextOrDigits | None = None
    allow_missing: bool = False


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """One source of records: files, or a BigQuery query.

    Attributes:
      path: A file, a glob, a directory, or a list of them; {YYYY}, {MM}, {DD} and {SPAN} stand for
        parts that `range` limits.
      query: Standard SQL, for format `bigquery`, in place of `path`.
      range: Which days or spans are read; all without it.
      format: How records are stored.
      csv: The layout of format `csv`.
      damaged_files: What a file that cannot be read to its end does: `fail` stops the run,
        `reject` keeps what is readable and rejects the rest as one `damaged_file` record.
      max_reject_fraction: The largest share of unfit records, those of reasons with a limit of
        their own left out.
      reject_limits: The largest share of records rejected for one reason, by reason.
    """

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    path: str | tuple[str, ...] | None = None
    query: str | None = None
    range: RangeSettings | None = None
    format: SourceFormat
    csv: CsvSettings = field(default_factory=CsvSettings)
    damaged_files: Literal["fail", "reject"] = "fail"
    max_reject_fraction: Fraction = 0.1
    reject_limits: dict[RejectReason, Fraction] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """`path` as a tuple, empty for a query."""
        if self.path is None:
            return ()
        return (self.path,) if isinstance(self.path, str) else self.path

    @property
    def place(self) -> str:
        """Where the records come from, for a message."""
        return ", ".join(self.paths) or "the query"
