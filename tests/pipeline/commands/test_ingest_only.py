"""`twotower ingest` on the demo world: what it counts is what the generator says it wrote."""

import json
from pathlib import Path

from pipeline.commands.ingest_only import ingest_only
from pipeline.config import load_settings
from pipeline.demo.files import write_world
from pipeline.demo.settings import WorldSettings

CONFIG = Path(__file__).parents[3] / "pipeline" / "configs" / "demo.yaml"


def test_counts_are_those_of_the_generator(tmp_path: Path) -> None:
    world = tmp_path / "world"
    manifest = write_world(world, WorldSettings(num_users=150, num_items=600, num_days=60))
    settings = load_settings(
        str(CONFIG),
        [
            f"interactions.path={world}/events.jsonl.gz",
            f"items.path={world}/items.csv",
            f"users.path={world}/users.csv",
            # The bots of a small world are as small as it.
            "interactions.reject.user_rate_limit.events=100",
        ],
        output=str(tmp_path / "run"),
    )
    found, counts = ingest_only(settings), manifest["counts"]
    assert (found["read"], found["kept"]) == (counts["lines"], counts["clean"])
    reasons = dict(found["rejects"])
    assert {
        "duplicate": reasons.pop("duplicate"),
        "unknown_item": reasons.pop("unknown_item"),
        "future_timestamp": reasons.pop("future_timestamp"),
        "bot": reasons.pop("over_rate_limit"),
        "malformed": sum(reasons.values()),
    } == {
        name: counts[name]
        for name in ("duplicate", "unknown_item", "future_timestamp", "bot", "malformed")
    }
    assert found["users_file"]["read"] == counts["users"]
    assert found["catalogue"]["items"] == counts["items"]
    assert found["without_kept_event"] == counts["items"] - found["items"]
    assert json.dumps(found)
