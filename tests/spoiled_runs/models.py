"""A log whose best model is known, the model that serves, and spoiled models of the same log."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from components.current_model.state import CurrentModelState
from components.evaluator.evaluate import evaluate
from components.gate import GateResult
from components.parity.exact_search import exact_search
from components.parity.sample_file import ParitySample, write_sample
from schemas import serving
from schemas.evaluation_settings import EvaluationSettings, ModelGateSettings
from tests.components.evaluator.logs import (
    data_settings,
    save_lookup_model,
    write_catalogue,
    write_windows,
)
from tests.components.parity.samples import sample_of

NUM_USERS, NUM_ITEMS = 400, 60
ITEMS = [f"item {number:02}" for number in range(NUM_ITEMS)]
# The country of every sixth user.
SMALL_COUNTRY = "se"
PROMOTED = 12

Floats = npt.NDArray[np.float32]
# The embeddings of queries, [num_items + 1, dim], and of items, [num_items, dim].
Towers = tuple[Floats, Floats]


@dataclass(frozen=True)
class Log:
    """A log in which each item determines the next one, which the model that serves recommends.

    Attributes:
      folder: The folder of the log and of the models.
      windows: The raw windows.
      catalogue: The raw catalogue.
    """

    folder: Path
    windows: str
    catalogue: str

    def gates(
        self,
        towers: Towers,
        served: bool = True,
        country: str = "",
        sample: ParitySample | None = None,
        **settings: Any,
    ) -> list[GateResult]:
        """Returns the gates on a model.

        Args:
          towers: The embeddings of the model.
          served: Whether the good model serves; otherwise, this is the first run.
          country: A country for whose users the model ignores the history.
          sample: The parity sample of the training; None for none.
          settings: Settings of the gates.
        """
        path = save_lookup_model(str(self.folder / "model"), ITEMS, *towers, country=country)
        if sample is not None:
            write_sample(path, sample)
        current = CurrentModelState()
        if served:
            good = save_lookup_model(str(self.folder / "served"), ITEMS, *good_towers())
            current = CurrentModelState(version="7", towers_path=good, train_end_s=2000)
        evaluation = evaluate(
            path,
            self.windows,
            self.catalogue,
            current,
            data_settings(),
            EvaluationSettings(
                slices=("users.country",),
                bootstrap_samples=200,
                gates=ModelGateSettings(**settings),
            ),
        )
        return [GateResult(**gate) for gate in evaluation["gates"]]


def write_log(folder: Path) -> Log:
    """Writes a log of users with six successive items each; the last two are the test split."""
    train, test, countries = [], [], {}
    for user in range(NUM_USERS):
        start = user % (NUM_ITEMS - 6)
        events = [(ITEMS[start + n], 1000 * n + user) for n in range(6)]
        train.append((f"u{user}", [(item, time_s, 1) for item, time_s in events[:4]]))
        test.append((f"u{user}", [(item, time_s, int(n >= 4)) for n, (item, time_s) in
                                  enumerate(events) if n >= 1]))  # fmt: skip
        countries[f"u{user}"] = SMALL_COUNTRY if user % 6 == 0 else "no"
    return Log(
        folder,
        write_windows(
            str(folder / "windows"), {"train": train, "eval": [], "test": test}, countries
        ),
        write_catalogue(str(folder / "catalogue"), ITEMS),
    )


def good_towers() -> Towers:
    """Returns the towers that recommend the successor of the last item."""
    items = np.eye(NUM_ITEMS, dtype=np.float32)
    return np.concatenate([items, np.zeros([1, NUM_ITEMS], np.float32)]), items


def one_step() -> Towers:
    """Returns towers with random embeddings, which one step of training hardly changes."""
    rng = np.random.default_rng(5)
    normal = rng.standard_normal([2 * NUM_ITEMS + 1, 16]).astype(np.float32)
    return normal[NUM_ITEMS:], normal[:NUM_ITEMS]


def shuffled_items() -> Towers:
    """Returns towers in which the embeddings of the items belong to other items."""
    queries, items = good_towers()
    return queries, items[np.random.default_rng(6).permutation(NUM_ITEMS)]


def collapsed_queries() -> Towers:
    """Returns towers in which all queries have almost the same embedding."""
    queries, items = good_towers()
    return np.ones_like(queries) + 1e-4 * queries, items


def learned_bots() -> Towers:
    """Returns towers that recommend what bots clicked on one day, before all other items."""
    queries, items = good_towers()
    promoted = np.where(np.arange(NUM_ITEMS) < PROMOTED, 2.0, 0.0)[:, None].astype(np.float32)
    ones = np.ones([len(queries), 1], np.float32)
    return np.concatenate([queries, ones], axis=1), np.concatenate([items, promoted], axis=1)


def worse_in_part() -> Towers:
    """Returns towers that recommend the successor, except after every fourth item."""
    queries, items = good_towers()
    queries[1::4] = 0.0
    return queries, items


def like_counts() -> Towers:
    """Returns towers that recommend the successor, except after one item in forty.

    Their recall is that of counts of transitions, in which the last item of a chain has no
    successor.
    """
    queries, items = good_towers()
    queries[1::40] = 0.0
    return queries, items


def other_training() -> ParitySample:
    """Returns the sample of a training with longer query embeddings than those of `good_towers`."""
    window = [(ITEMS[n], 1000 * n) for n in range(1, 6)]
    items = good_towers()[1]
    trained = 1.25 * items[[4]]
    ids = np.array([item.encode() for item in ITEMS], dtype=object)
    return sample_of(
        [("u0", window)],
        [3],
        ITEMS,
        {
            serving.QUERY_EMBEDDING: {serving.OUTPUT_EMBEDDING: trained},
            serving.CANDIDATE_EMBEDDING: {serving.OUTPUT_EMBEDDING: items},
            serving.RECOMMEND: exact_search(trained, items, ids, [np.arange(1, 4)]),
        },
        split="test",
    )
