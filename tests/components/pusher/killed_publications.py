"""Publishes fake models in processes that are killed at random instants. Usage: FOLDER NUM_KILLS.

After each kill it checks what a server sees, at the end it publishes once more without a kill.
Prints JSON: the number of kills, how many of them left something to clean up, and what is left
after the last publication.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from components.pusher.label_versions import label_versions
from components.pusher.mark_unavailable import mark_unavailable
from components.pusher.rollback import rollback
from schemas.errors import InputError
from tests.components.pusher.bundles import Destination
from tests.components.pusher.state import (
    check_labels,
    check_num_loaded,
    leftovers,
    visible_contents,
)

# A publication takes a few milliseconds, so that a kill falls anywhere in one of the first.
LONGEST_S = 0.06
KEEP_VERSIONS = 2
CONTENTS = [f"graph {number}" for number in range(4)]


def main() -> None:
    """Runs the publications one after another."""
    folder, num_kills = Path(sys.argv[1]), int(sys.argv[2])
    destination = Destination(folder)
    for content in CONTENTS:  # Complete before the first kill: only publications are killed.
        destination.bundle(content)
        destination.towers(content)
    destination.publish("first", KEEP_VERSIONS)
    instants = random.Random(0)
    unclean = 0
    known: dict[int, str] = {}
    for seed in range(num_kills):
        _kill_after(instants.uniform(0.0, LONGEST_S), destination, seed)
        versions = visible_contents(destination)
        assert versions, "nothing is served"
        check_labels(destination)
        for version, content in versions.items():
            assert known.setdefault(version, content) == content, "a number was used twice"
        unclean += bool(leftovers(destination))
    published = destination.publish("last", KEEP_VERSIONS)
    assert int(published.version) > max(known)
    assert visible_contents(destination)[int(published.version)] == "last"
    assert check_labels(destination)["stable"] == int(published.version)
    check_num_loaded(destination)
    kept = set(visible_contents(destination).values())
    assert len(kept) <= KEEP_VERSIONS + 1, "neither the newest models nor the canary"
    print(json.dumps({"kills": num_kills, "unclean": unclean, "left": leftovers(destination)}))


def _kill_after(seconds: float, destination: Destination, seed: int) -> None:
    """Runs publications in a fork, which starts faster than a process, and kills it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, b"1")
        _publish_forever(destination, random.Random(seed))
    os.read(reader, 1)  # The child runs.
    time.sleep(seconds)  # The instant of the kill; nothing waits for an event here.
    os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(reader)
    os.close(writer)
    assert status == -signal.SIGKILL, status


def _publish_forever(destination: Destination, choices: random.Random) -> None:
    try:
        while True:
            command = choices.choice((_publish, _publish, _mark_unavailable, _roll_back, _label))
            command(destination, choices)
    finally:  # After an error: the fork must not go on with the work of its parent.
        traceback.print_exc()
        os._exit(1)


def _publish(destination: Destination, choices: random.Random) -> None:
    label = choices.choice(("stable", "canary"))
    destination.publish(choices.choice(CONTENTS), KEEP_VERSIONS, label=label)


def _mark_unavailable(destination: Destination, choices: random.Random) -> None:
    mark_unavailable(*destination.folders, [f"item {choices.random()}"], KEEP_VERSIONS)


def _label(destination: Destination, choices: random.Random) -> None:
    with suppress(InputError):  # Where there is no such label, or servers have not loaded it.
        if choices.randrange(2):
            newest = max(visible_contents(destination))
            label_versions(*destination.folders, {"canary": newest}, ())
        else:
            label_versions(*destination.folders, {}, ("canary",))


def _roll_back(destination: Destination, _: random.Random) -> None:
    with suppress(InputError):  # Where there is one model, or a canary.
        rollback(*destination.folders)


if __name__ == "__main__":
    main()
