"""The titles of items, for people: the first text feature of the catalogue, or a file.

Titles are read without TensorFlow, because the model may be behind a server.
"""

import csv
from collections.abc import Iterator

from components import files
from components.examples.shards import split_files
from pipeline.commands.example_texts import read_example_texts
from pipeline.paths import run_paths
from pipeline.run_examples import newest_examples
from pipeline.runners.read_record import read_record, recorded_settings
from schemas.errors import InputError
from schemas.features import CATALOGUE_SPLIT, ITEM_ID, feature_table, title_feature
from schemas.steps import CATALOGUE_EXAMPLE_GEN

_EXPECTED = (
    "expected the directory of a run, or a CSV file with the ids of the items in the first column "
    "and their titles in the second"
)


def read_titles(source: str | None) -> dict[str, str]:
    """Returns the titles of items by item id.

    Args:
      source: Directory of a run or a CSV file; None for no titles.

    Raises:
      InputError: It is neither, or it is damaged.
    """
    if source is None:
        return {}
    return _run_titles(source) if files.is_folder(source) else _file_titles(source)


def one_line(title: str) -> str:
    """Returns a title without line breaks and repeated white space."""
    return " ".join(title.split())


def _run_titles(run_dir: str) -> dict[str, str]:
    """Returns the titles in the newest catalogue of a run; none without a text feature."""
    settings = recorded_settings(run_dir, read_record(run_dir))
    feature = title_feature(feature_table(settings.data))
    if feature is None:
        return {}
    root = run_paths(settings).pipeline_root
    uri = newest_examples(root, CATALOGUE_EXAMPLE_GEN, "examples", CATALOGUE_SPLIT)
    return {
        item: title
        for path in ([] if uri is None else split_files(uri, CATALOGUE_SPLIT))
        for item, title in read_example_texts(path, (ITEM_ID, feature.key))
    }


def _file_titles(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            return dict(_rows(path, file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({error}); {_EXPECTED}") from error


def _rows(path: str, lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    reader = csv.reader(lines, strict=True)
    for row in reader:
        if len(row) == 1:
            raise InputError(f"{path}: line {reader.line_num}: one column; {_EXPECTED}")
        if row:
            yield row[0], row[1]
