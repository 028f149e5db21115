"""The parity sample of the small shop, with the outputs of its fake towers from NumPy."""

import numpy as np
import numpy.typing as npt

from components.examples.read import RawWindows, read_raw_windows
from components.parity.exact_search import exact_search
from components.parity.sample_file import ParitySample, window_fingerprint
from schemas import serving
from tests.serving import oracle
from tests.serving.fake_towers import item_queries
from tests.serving.shop import Shop


def shop_sample(shop: Shop) -> ParitySample:
    """Returns a sample of all items and one query per window of split eval.

    The lengths of the histories differ.
    """
    windows = read_raw_windows(shop.windows, "eval", shop.table)
    events = [slice(*ends) for ends in zip(windows.offsets, windows.offsets[1:], strict=False)]
    position = np.array([window % (part.stop - part.start) for window, part in enumerate(events)])
    histories = [
        windows.item_id[part.start : part.start + t]
        for part, t in zip(events, position, strict=True)
    ]
    queries = np.array(
        [
            oracle.query(shop, user, list(items))
            for user, items in zip(windows.user_id, histories, strict=True)
        ],
        np.float32,
    )
    ids = np.array([item.encode() for item in shop.item_id], dtype=object)
    row_of = {item: row for row, item in enumerate(ids)}
    is_hidden = shop.data.repeat_interactions == "exclude"
    excluded = [
        np.array([row_of[item] for item in items if is_hidden], np.int64) for items in histories
    ]
    recommended = exact_search(queries, shop.vectors, ids, excluded)
    own = np.arange(len(ids))[:, np.newaxis]
    return ParitySample(
        split="eval",
        window=_keys(windows, events),
        num_events=np.diff(windows.offsets),
        last_s=windows.timestamp[windows.offsets[1:] - 1],
        position=position,
        item_id=ids,
        outputs={
            serving.QUERY_EMBEDDING: {serving.OUTPUT_EMBEDDING: queries},
            serving.CANDIDATE_EMBEDDING: {serving.OUTPUT_EMBEDDING: shop.vectors},
            serving.RECOMMEND: recommended,
            serving.RECOMMEND_EXAMPLES: recommended,
            # The fake towers use only ids, which `serving_default` has too.
            serving.DEFAULT: recommended,
            serving.SIMILAR_ITEMS: exact_search(
                item_queries(shop.vectors), shop.vectors, ids, list(own)
            ),
        },
    )


def _keys(windows: RawWindows, events: list[slice]) -> npt.NDArray[np.object_]:
    keys = np.empty(len(events), dtype=object)
    keys[:] = [
        window_fingerprint(windows.item_id[part], windows.timestamp[part]) for part in events
    ]
    return keys
