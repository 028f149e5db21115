"""A run directory with two pushed versions, a catalogue and windows, made in a second or two.

The models are the served models of `tests.serving.shop`, whose queries are sums of vectors: the
effect of an item of the history on a recommended item is the dot product of their vectors.
"""

import json
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tensorflow as tf

from components.pusher.models_config import CONFIG_FILE
from components.signature_inputs import name_served_inputs
from components.unavailable_items import write_unavailable
from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from pipeline.runners.write_record import run_record
from schemas.bundle import UNAVAILABLE_FILE
from schemas.serving_settings import IndexSettings
from schemas.settings import DataSettings, Settings, from_dict
from tests.examples import write_split
from tests.pipeline.serving.test_labels import config
from tests.serving.in_memory import model_of
from tests.serving.shop import Shop, colour, make_shop, price, tags

NUM_ITEMS = 24
MAX_K = 8
K = 4
SCRIPT_TITLE = '<script>document.title = "broken"</script> & "quotes"'
# Version 2 does not recommend this item, which is the third one that version 1 recommends to USER.
UNAVAILABLE = "item13"
USER, OTHER_USER, OLD_USER, STRANGE_USER = "ada", "bob", "cleo", 'u/1 & "<i>"?'
HISTORY = ["item1", "item2", "item1", "item3"]
START_S = 1_700_000_000


@dataclass(frozen=True)
class ExplorableRun:
    """A run directory with the versions 1 (labelled stable) and 2.

    Attributes:
      folder: The run directory.
      shop: Settings and vectors of the models.
    """

    folder: Path
    shop: Shop

    @property
    def pipeline_root(self) -> Path:
        """The folder of the artifacts."""
        return self.folder / "pipeline_root"

    @property
    def versions(self) -> Path:
        """The folder of the versions."""
        return self.folder / "serving" / "shop"


def make_run(folder: Path) -> ExplorableRun:
    """Writes a run with two versions, which differ in one unavailable item."""
    shop = make_shop(str(folder / "shop"), NUM_ITEMS)
    run = ExplorableRun(folder / "run", shop)
    model = model_of(shop, K, MAX_K)
    tf.saved_model.save(model, str(run.versions / "1"), signatures=model.signatures())
    name_served_inputs(str(run.versions / "1"), model.specs())
    shutil.copytree(run.versions / "1", run.versions / "2")
    write_unavailable(str(run.versions / "2" / UNAVAILABLE_FILE), [UNAVAILABLE])
    (run.versions / CONFIG_FILE).write_text(config(("shop", {"stable": 1})))
    write_split(
        str(run.pipeline_root / "CatalogueExampleGen/examples/3"),
        "catalogue",
        [_item(row) for row in range(NUM_ITEMS)],
    )
    windows = str(run.pipeline_root / "InteractionExampleGen/windows/4")
    write_split(windows, "test", [window(USER, HISTORY), window(OTHER_USER, ["item4"])])
    write_split(windows, "eval", [window(STRANGE_USER, ["item6"])])
    write_split(
        windows,
        "train",
        # The windows of a user are in any order; the second one of cleo is the older one.
        [window(USER, ["item5"]), window(OLD_USER, ["item8"], 100), window(OLD_USER, ["item9"])],
    )
    write_record(run.folder, shop.data)
    return run


def write_record(folder: Path, data: DataSettings) -> None:
    """Writes the record of a run, run.json."""
    values = {field.name: getattr(data, field.name) for field in fields(DataSettings)}
    index = from_dict(IndexSettings, {"k": K, "max_k": MAX_K})
    settings = Settings(**values, name="shop", output=str(folder), index=index)
    record = run_record(settings, "c.yaml", run_paths(settings), 0.0, ExitCode.PUSHED, None, [])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(record))


def window(user: str, items: list[str], after_s: int = 0) -> dict[str, list[Any]]:
    """Returns a window with one event per item, one minute apart."""
    return {
        "user_id": [user],
        "age": [30.0],
        "item_id": items,
        "timestamp": [START_S + after_s + 60 * n for n in range(len(items))],
        "event_type": ["view", *["purchase"] * (len(items) - 1)],
        "value": [float("nan"), *[2.5] * (len(items) - 1)],
        "device": ["phone"] * len(items),
        "is_target": [1] * len(items),
    }


def title_of(row: int) -> str:
    """Returns the title of the item in a row."""
    return SCRIPT_TITLE if row == 0 else f"The Café of {row}" if row == 5 else f"Thing {row}"


def _item(row: int) -> dict[str, list[Any]]:
    return {
        "item_id": [f"item{row}"],
        "available_at": [-1],
        "title": [title_of(row)],
        "colour": [colour(row)],
        "tags": tags(row),
        "price": [price(row)],
    }
