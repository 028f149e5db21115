"""A finished run with pushed versions, for the tests of `unavailable` and `rollback`."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.indexer.search.item_table import ItemTable
from components.pusher.unavailable_lists import unavailable_path
from components.unavailable_items import read_unavailable
from pipeline.exit_codes import ExitCode
from pipeline.paths import run_paths
from pipeline.runners.write_record import run_record
from schemas.settings import Settings, from_dict
from tests.chain_dataset import write_chain_dataset
from tests.components.pusher.bundles import Destination


class FinishedRun(Destination):
    """A run directory, its record and a model with the items a, b and c."""

    def __init__(self, root: Path):
        root.mkdir()
        super().__init__(root)
        world = write_chain_dataset(root.parent / "world", 4, 6, 4)
        settings = from_dict(Settings, {**world, "name": "demo", "output": str(root)})
        paths = run_paths(settings)
        self.record = run_record(settings, "c.yaml", paths, 0.0, ExitCode.PUSHED, None, [])

    def publish(self, *args: Any, **kwargs: Any) -> Any:
        published = super().publish(*args, **kwargs)
        model = tf.Module()
        model.items = ItemTable(np.array([b"a", b"b", b"c"], object))
        for folder in (published.serving_path, published.portable_path):
            tf.train.Checkpoint(model).write(f"{folder}/variables/variables")
        return published

    def unavailable_items(self) -> list[list[str]]:
        """Returns the lists of unavailable items of the newest version and its twin."""
        serving, portable = self.visible()
        folders = (self.serving / serving[-1], self.portable / portable[-1])
        return [read_unavailable(unavailable_path(str(folder))) for folder in folders]

    def write_list(self, text: str) -> str:
        """Writes a file of item ids and returns its path."""
        path = self.root / "sold-out.txt"
        path.write_text(text, encoding="utf-8")
        return str(path)
