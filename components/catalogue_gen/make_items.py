"""The Beam step that makes examples of the items that are candidates."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import TaggedOutput

from components.catalogue_gen.choose_candidates import settle
from components.catalogue_gen.item_examples import item_examples
from components.catalogue_gen.item_table import items_schema, without_content
from components.examples.tfrecord import frame
from components.records.arrow_rows import from_bytes
from components.records.side_outputs import SUMMARY_TAG, count, outputs
from components.records.summary import Summary
from schemas.features import CATALOGUE_SPLIT, feature_table
from schemas.settings import DataSettings

# Where rows and candidates come from: the items files, or the log.
ITEMS = "items"
LOGGED = "logged"
# Sorts of candidates: LOGGED ones whose row was rejected, ITEMS ones without a readable event.
READMITTED = "readmitted"
NEVER_LOGGED = "never_logged"


class MakeItems(beam.DoFn):
    """(bucket, {items: rows as bytes, logged: lists of ids}) → the framed examples of its
    candidates; rejects and counts.
    """

    def __init__(self, settings: DataSettings, files: tuple[str, ...]):
        self._settings = settings
        self._files = files
        self._features = feature_table(settings).item

    def process(self, element: tuple[int, dict[str, Iterable[Any]]]) -> Iterator[Any]:
        _, grouped = element
        rows = from_bytes(grouped.get(ITEMS, ()), items_schema(self._features))
        logged = sorted(set(chain.from_iterable(grouped.get(LOGGED, ()))))
        settled = settle(rows, pa.array(logged, pa.string()), self._settings, self._files)
        counts = {
            ITEMS: len(settled.kept),
            LOGGED: len(settled.logged_only),
            READMITTED: settled.readmitted,
            NEVER_LOGGED: settled.never_logged,
        }
        for items in (settled.kept, without_content(settled.logged_only, self._features)):
            if len(items):
                yield CATALOGUE_SPLIT, frame(item_examples(items, self._features))
        yield from outputs(ITEMS, settled.rejects)
        summary = Summary()
        summary.rows.update(counts)
        yield TaggedOutput(SUMMARY_TAG, summary)
        for name, number in counts.items():
            count(f"candidates_{name}", number)
