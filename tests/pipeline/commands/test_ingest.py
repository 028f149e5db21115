"""`twotower ingest` on the demo log: the counts equal those of the generator."""

import json
from pathlib import Path

from pipeline.commands.ingest import run_ingestion
from pipeline.config import load_settings
from pipeline.demo.files import write_world
from pipeline.demo.settings import DemoSettings

CONFIG = Path(__file__).parents[3] / "pipeline" / "configs" / "demo.yaml"


def test_counts_equal_those_of_the_generator(tmp_path: Path) -> None:
    world = tmp_path / "world"
    manifest = write_world(world, DemoSettings(num_users=150, num_items=600, num_days=60))
    settings = load_settings(
        str(CONFIG),
        [
            f"interactions.path={world}/events.jsonl.gz",
            f"items.path={world}/items.csv",
            f"users.path={world}/users.csv",
            # Bots of a small log have few events.
            "interactions.reject.user_rate_limit.events=100",
        ],
        output=str(tmp_path / "run"),
    )
    ingested, counts = run_ingestion(settings), manifest["counts"]
    assert (ingested["read"], ingested["kept"]) == (counts["lines"], counts["clean"])
    reasons = dict(ingested["rejects"])
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
    assert ingested["users_file"]["read"] == counts["users"]
    assert ingested["catalogue"]["items"] == counts["items"]
    assert ingested["without_kept_event"] == counts["items"] - ingested["items"]
    assert json.dumps(ingested)
