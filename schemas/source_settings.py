"""Settings that the log, the catalogue and the users file share: location, layout and features.

The settings are plain frozen dataclasses. `pipeline.config` validates a YAML file into them once,
and components receive them as canonical JSON (`schemas.settings`). Each field states its range in
its type and its documentation in a `Doc`.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from schemas.events import RejectReason
from schemas.setting_doc import Doc

FORBID_UNKNOWN_KEYS = ConfigDict(extra="forbid")

SourceFormat = Literal["csv", "jsonl", "parquet", "avro", "tfrecord", "bigquery"]
TimestampUnit = Literal["s", "ms", "us", "ns", "iso8601"]
LineSyntax = Literal["json", "python"]
ListFormat = Literal["auto", "separated", "literal"]
TextTokens = Literal["words", "characters"]
TextHtml = Literal["keep", "strip"]
# More than eight characters are longer than words, and every length multiplies the vocabulary.
NgramLength = Annotated[int, Field(ge=1, le=8)]
PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
NonEmptyText = Annotated[str, Field(min_length=1)]
# YAML reads unquoted digits as a number, where an id or the name of a span is meant.
TextOrDigits = Annotated[
    str, BeforeValidator(lambda value: str(value) if type(value) is int else value)
]
# A character; YAML's `none` is a text.
CharacterOrNone = Annotated[
    str | None, BeforeValidator(lambda value: None if value == "none" else value)
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
    """A declared feature: `title: text`, or `genres: {kind: categories, separator: "|"}`."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    kind: Annotated[
        FeatureKind,
        Doc(
            "How the column is read and transformed. `text`: words or n-grams of characters, "
            "embedded and averaged. `category`: one value. `categories`: several values of one "
            "column. `number`: standardised, and cut into quantile buckets. `timestamp`: a date, "
            "as a number of days. Users and context allow `category` and `number` only.",
            example="category",
        ),
    ]
    separator: Annotated[
        NonEmptyText, Doc("Separates the values of a `categories` column of text.", example=",")
    ] = "|"
    list_format: Annotated[
        ListFormat,
        Doc(
            "How the texts of a `categories` column are written. `separated`: values with "
            "`separator` between them. `literal`: lists of JSON or Python, such as ['a', 'b']; "
            "other texts are rejected. `auto`: either of them, but one column may not have both.",
            example="literal",
        ),
    ] = "auto"
    tokens: Annotated[
        TextTokens,
        Doc(
            "What a `text` is split into. `words`: runs of letters and digits, for languages with "
            "spaces between words. `characters`: n-grams of the characters of each run, for "
            "languages without, such as Chinese, Japanese and Thai.",
            example="characters",
        ),
    ] = "words"
    ngrams: Annotated[
        Annotated[tuple[NgramLength, ...], Field(min_length=1)] | None,
        Doc(
            "Lengths of the n-grams of `tokens: characters`; n-grams of every listed length are "
            "tokens. A run that is shorter than all of them is one token.",
            unit="characters",
            example=[2, 3],
            default="`[1, 2]`",
        ),
    ] = None
    html: Annotated[
        TextHtml,
        Doc(
            "`strip` removes the HTML markup of a `text`: tags, comments, scripts and styles; "
            "references to characters, such as `&eacute;` and `&#20013;`, are decoded. `keep`: "
            "markup is text like any other.",
            example="strip",
        ),
    ] = "keep"
    column: Annotated[
        str | None,
        Doc(
            "Name of the column in the file, if it differs from the feature's name.",
            example="product_title",
            default="the feature's name",
        ),
    ] = None
    timestamp_unit: Annotated[
        TimestampUnit | None,
        Doc(
            "Unit of a `timestamp` feature, if it differs from that of the source.",
            example="iso8601",
            default="`timestamp_unit` of the source",
        ),
    ] = None
    timestamp_format: Annotated[
        str | None,
        Doc(
            "Format of a `timestamp` feature, if it differs from that of the source.",
            example="%d-%b-%Y",
            default="`timestamp_format` of the source, unless `timestamp_unit` is given",
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class CsvSettings:
    """The layout of delimited text."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    delimiter: Annotated[
        NonEmptyText, Doc("Separates fields; one or more characters.", example="::")
    ] = ","
    quote: Annotated[
        CharacterOrNone,
        Doc(
            "Encloses fields that contain a delimiter or a line break; one character. It is "
            "doubled inside a quoted field. `none`: the files have no quoting, and quotes are "
            "ordinary characters.",
            example="none",
        ),
    ] = '"'
    escape: Annotated[
        CharacterOrNone,
        Doc(
            "A delimiter, quote or line break after this character is part of the field; one "
            "character.",
            example="\\",
            default="none",
        ),
    ] = None
    decimal: Annotated[
        Literal[".", ","],
        Doc("The decimal separator of numbers and of numeric timestamps.", example=","),
    ] = "."
    header: Annotated[
        tuple[TextOrDigits, ...] | None,
        Doc(
            "Column names, for files without a header line.",
            example=["user", "item", "rating", "time"],
            default="the first line of each file",
        ),
    ] = None
    encoding: Annotated[str, Doc("Character encoding of the files.", example="latin-1")] = "utf-8"


@dataclass(frozen=True, kw_only=True)
class JsonlSettings:
    """The syntax of format `jsonl`."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    syntax: Annotated[
        LineSyntax,
        Doc(
            "`json`: each line is an object of JSON. `python`: each line is a dict of Python, such "
            "as {'user': 'u1', 'new': True}, as in some published logs.",
            example="python",
        ),
    ] = "json"


@dataclass(frozen=True, kw_only=True)
class RangeSettings:
    """Which days of a path with {YYYY}, {MM} and {DD}, or numbers of one with {SPAN}, are read."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    last: Annotated[
        PositiveInt | None,
        Doc(
            "Reads this many, counted back from the newest that exists.",
            unit="days or spans",
            example=30,
        ),
    ] = None
    begin: Annotated[
        TextOrDigits | None,
        Doc("First day (ISO 8601) or number that is read.", example="2024-05-01"),
    ] = None
    end: Annotated[
        TextOrDigits | None,
        Doc("Last day (ISO 8601) or number that is read, inclusive.", example="2024-05-31"),
    ] = None
    allow_missing: Annotated[
        bool,
        Doc("Whether days or numbers inside the range may have no file.", example=True),
    ] = False


def as_columns(field: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Returns a setting of one or several texts as a tuple; an empty one if it is not given."""
    if field is None:
        return ()
    return (field,) if isinstance(field, str) else field


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """One source of records: files, or a BigQuery query."""

    __pydantic_config__ = FORBID_UNKNOWN_KEYS
    path: Annotated[
        str | tuple[str, ...] | None,
        Doc(
            "A file, a glob, a directory, or a list of them, relative to the working directory or "
            "on a remote file system. {YYYY}, {MM}, {DD} and {SPAN} are placeholders that `range` "
            "limits. Files may be compressed.",
            example="logs/events-*.csv.gz",
        ),
    ] = None
    query: Annotated[
        str | None,
        Doc(
            "A query in BigQuery's standard SQL, for format `bigquery`, in place of `path`.",
            example="SELECT user, item, time FROM shop.events",
        ),
    ] = None
    range: Annotated[
        RangeSettings | None,
        Doc(
            "Which days or spans of a path with placeholders are read.",
            example={"last": 30},
            default="all",
        ),
    ] = None
    format: Annotated[SourceFormat, Doc("How records are stored.", example="csv")]
    csv: Annotated[CsvSettings, Doc("The layout of format `csv`.", example={"delimiter": "\t"})] = (
        field(default_factory=CsvSettings)
    )
    null_values: Annotated[
        tuple[NonEmptyText, ...] | None,
        Doc(
            "Words that are read as a missing value, in ids, values, times and features. The list "
            "replaces the default words: `NULL`, `null`, `\\N`, `NaN`, `nan` and `<NA>`; in "
            "numbers and times also `NA`, `N/A`, `n/a`, `#N/A`, `None` and `NaT`. An empty value "
            "is always missing.",
            example=["NULL", "-"],
            default="the usual words",
        ),
    ] = None
    jsonl: Annotated[
        JsonlSettings, Doc("The syntax of format `jsonl`.", example={"syntax": "python"})
    ] = field(default_factory=JsonlSettings)
    explode: Annotated[
        str | tuple[str, ...] | None,
        Doc(
            "A column of lists. Each element of a list becomes a record of its own, with the other "
            "columns repeated; the fields of elements are named by dotted paths, such as "
            "events.item. Several columns, as lists of equal length, are read in parallel.",
            example="events",
            default="none",
        ),
    ] = None
    damaged_files: Annotated[
        Literal["fail", "reject"],
        Doc(
            "What happens when a file cannot be read to its end. `fail` stops the run. `reject` "
            "keeps what is readable and rejects the rest as one `damaged_file` record.",
            example="reject",
        ),
    ] = "fail"
    max_reject_fraction: Annotated[
        Fraction,
        Doc(
            "Largest accepted share of invalid records, without those of a reason that has its own "
            "limit in `reject_limits`. DataGate stops the run above it.",
            example=0.05,
        ),
    ] = 0.1
    reject_limits: Annotated[
        dict[RejectReason, Fraction],
        Doc(
            "Largest accepted share of records that are rejected for one reason, by reason.",
            example={"duplicate": 0.3},
        ),
    ] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """`path` as a tuple; empty for a query."""
        return as_columns(self.path)

    @property
    def exploded(self) -> tuple[str, ...]:
        """`explode` as a tuple."""
        return as_columns(self.explode)

    @property
    def place(self) -> str:
        """The origin of the records, for a message."""
        return ", ".join(self.paths) or "the query"
