"""Sample recommendations, printed at the end of a run: a few users with history and results."""

from collections.abc import Iterator, Mapping

import numpy as np

from components.examples.read import RawCatalogue, RawWindows, read_raw_catalogue, read_raw_windows
from pipeline.commands.recommend import Recommender
from pipeline.commands.titles import one_line
from schemas.features import FeatureTable, feature_table, title_feature
from schemas.settings import Settings

NUM_USERS = 3
NUM_PAST_ITEMS = 5
NUM_RECOMMENDATIONS = 5


def render_samples(
    serving_dir: str, windows_uri: str, catalogue_uri: str, settings: Settings
) -> str:
    """Returns the last items and the recommendations of three users of the test split, as text.

    Args:
      serving_dir: Folder of the pushed versions.
      windows_uri: URI of the `windows` artifact.
      catalogue_uri: URI of the catalogue's examples.
      settings: Settings of the run; the first text feature of the items is shown as their title.
    """
    table = feature_table(settings.data)
    k = min(NUM_RECOMMENDATIONS, settings.index.k)
    titles = item_titles(read_raw_catalogue(catalogue_uri, table), table)
    recommender = Recommender(serving_dir)
    lines = []
    for user, history in _sample_users(read_raw_windows(windows_uri, "test", table)):
        recommendations = recommender(user, history, k)
        lines.append(f"\nUser {user}, most recent first:")
        distinct = list(dict.fromkeys(reversed(history)))[:NUM_PAST_ITEMS]
        lines.extend(f"    · {_with_title(item, titles)}" for item in distinct)
        lines.append("  is recommended:")
        lines.extend(f"   {r.rank:>2}. {_with_title(r.item_id, titles)}" for r in recommendations)
    return "\n".join(lines) + "\n"


def item_titles(catalogue: RawCatalogue, table: FeatureTable) -> dict[str, str]:
    """Returns the first text feature of each item by item id; empty without a text feature."""
    feature = title_feature(table)
    if feature is None:
        return {}
    values = catalogue.features[feature.name]
    return {
        item.decode(): text.decode() for item, text in zip(catalogue.item_id, values, strict=True)
    }


def _sample_users(windows: RawWindows) -> Iterator[tuple[str, list[str]]]:
    """Yields evenly spaced users of the split, each with the items of their last window."""
    last_window = {user: row for row, user in enumerate(windows.user_id)}
    users = sorted(last_window)
    for position in np.unique(np.linspace(0, len(users) - 1, NUM_USERS + 2)[1:-1].astype(int)):
        row = last_window[users[position]]
        start, end = windows.offsets[row], windows.offsets[row + 1]
        yield users[position].decode(), [item.decode() for item in windows.item_id[start:end]]


def _with_title(item: str, titles: Mapping[str, str]) -> str:
    title = one_line(titles.get(item, ""))
    return f"{title} ({item})" if title else item
