"""The Beam step that reads item files."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from components.catalogue_gen.item_table import by_bucket
from components.catalogue_gen.make_items import ITEMS
from components.catalogue_gen.parse import ItemParser
from components.example_gen.erase import ErasedIds, withheld
from components.example_gen.outputs import outputs
from components.example_gen.readers.read import read_batches
from schemas.data_settings import ItemsSettings
from schemas.errors import InputError
from schemas.features import Feature


class ReadItems(beam.DoFn):
    """File index → (bucket, rows of `item_table.items_schema` as bytes); rejects and counts."""

    def __init__(
        self,
        files: tuple[str, ...],
        settings: ItemsSettings,
        features: tuple[Feature, ...],
        erased: ErasedIds,
    ):
        self._files = files
        self._settings = settings
        self._parser = ItemParser(settings, features, erased)
        self._erased = erased

    def process(self, file: int) -> Iterator[Any]:
        path = self._files[file]
        try:
            for rows, unreadable in read_batches(path, self._settings, self._parser.columns):
                parsed = self._parser.parse(rows, file, path)
                yield from by_bucket(parsed.batch)
                shown = map(withheld, unreadable) if self._erased.item_ids else unreadable
                yield from outputs(
                    ITEMS,
                    [*shown, *parsed.rejects],
                    num_read=len(rows) + len(unreadable),
                    num_erased=parsed.num_erased,
                )
        except InputError as error:
            yield from outputs(ITEMS, [], faults={str(error)})
