"""The Beam step that chooses the candidates and makes their examples."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import TaggedOutput

from components.catalogue_gen.choose_candidates import choose_candidates
from components.catalogue_gen.item_examples import item_examples
from components.catalogue_gen.item_table import items_schema, items_without_content
from components.examples.tfrecord import frame
from components.records.arrow_rows import from_bytes
from components.records.side_outputs import SUMMARY_TAG, increment_counter, rejects_and_counts
from components.records.summary import Summary
from schemas.features import CATALOGUE_SPLIT, feature_table
from schemas.settings import DataSettings

# Sources of rows and candidates: the items files and the log.
ITEMS = "items"
LOGGED = "logged"
# Counts of candidates: of LOGGED, those whose rows were rejected; of ITEMS, those without a valid
# event.
READMITTED = "readmitted"
NEVER_LOGGED = "never_logged"


class MakeItems(beam.DoFn):
    """Chooses the candidates of a bucket of items, and makes their examples.

    Input: (bucket, {items: rows as Arrow IPC streams, logged: lists of ids}). Output: (split,
    framed TFRecords); tagged rejects and counts.
    """

    def __init__(self, settings: DataSettings, files: tuple[str, ...]):
        self._settings = settings
        self._files = files
        self._features = feature_table(settings).item

    def process(self, element: tuple[int, dict[str, Iterable[Any]]]) -> Iterator[Any]:
        """Yields the examples of a bucket's candidates, and tagged outputs."""
        _, grouped = element
        rows = from_bytes(grouped.get(ITEMS, ()), items_schema(self._features))
        logged = sorted(set(chain.from_iterable(grouped.get(LOGGED, ()))))
        chosen = choose_candidates(rows, pa.array(logged, pa.string()), self._settings, self._files)
        counts = {
            ITEMS: len(chosen.kept),
            LOGGED: len(chosen.logged_only),
            READMITTED: chosen.readmitted,
            NEVER_LOGGED: chosen.never_logged,
        }
        for items in (chosen.kept, items_without_content(chosen.logged_only, self._features)):
            if len(items):
                yield CATALOGUE_SPLIT, frame(item_examples(items, self._features))
        yield from rejects_and_counts(ITEMS, chosen.rejects)
        summary = Summary()
        summary.rows.update(counts)
        if self._settings.items is not None:
            summary.rejected_items = chosen.unreadable
            summary.logged_only.update(chosen.logged_only.to_pylist())
        yield TaggedOutput(SUMMARY_TAG, summary)
        for name, number in counts.items():
            increment_counter(f"candidates_{name}", number)
