"""The pipeline reads a traffic log as an interaction log, as the documentation shows."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from components.example_gen.event_parser import EventParser
from components.example_gen.event_table import TIME_US
from components.id_normalisation import IdNormaliser
from components.readers.read import read_batches
from components.readers.source_columns import check_source
from components.records.erase import ErasedIds
from components.user_hash import hashed_user_id
from pipeline.serving.traffic_files import FileSettings, TrafficFiles
from pipeline.serving.traffic_record import RecordSettings, records
from schemas.data_settings import InteractionsSettings
from schemas.features import EVENT_TYPE, ITEM_ID, USER_ID, VALUE
from schemas.settings import from_dict
from tests.pipeline.serving.test_traffic_record import request

PAGE = Path(__file__).parents[3] / "docs" / "serving.md"
KEY = b"0123456789abcdef"


def documented_settings(folder: Path) -> InteractionsSettings:
    """Returns the settings in the documentation, for another folder."""
    (block,) = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    values: dict[str, Any] = yaml.safe_load(block)["interactions"]
    return from_dict(InteractionsSettings, {**values, "path": f"{folder}/"})


@pytest.mark.parametrize("key", [b"", KEY])
def test_a_list_becomes_one_event_per_item(tmp_path: Path, key: bytes) -> None:
    answered = request(["u1", "u2"], [["i1"], [""]], items=[["a", "b", ""], ["c", "", ""]])
    files = TrafficFiles(FileSettings(str(tmp_path)))
    files.write(b"".join(records(answered, RecordSettings(key=key), IdNormaliser())))
    files.close()
    settings = documented_settings(tmp_path)

    (path,) = check_source("interactions", settings)
    parser = EventParser(settings, (), ErasedIds())
    (batch,) = read_batches(path, settings, parser.columns)
    parsed = parser.parse(batch.rows, 0, path)

    assert (batch.rejects, parsed.rejects) == ([], [])
    columns = {name: parsed.batch.column(name).to_pylist() for name in parsed.batch.schema.names}
    one, two = (hashed_user_id(user, key) if key else user for user in ("u1", "u2"))
    assert columns[USER_ID] == [one, one, two]
    assert columns[ITEM_ID] == ["a", "b", "c"]
    assert columns[TIME_US] == [1_700_000] * 3
    assert columns[EVENT_TYPE] == ["recommended"] * 3
    np.testing.assert_allclose(columns[VALUE], 0.1, rtol=1e-6)
