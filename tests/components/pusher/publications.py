"""Publishes 20 fake models one after another. Usage: FOLDER NAME. Prints VERSION:CONTENT."""

import sys
from pathlib import Path

from tests.components.pusher.bundles import Destination


def main() -> None:
    """Publishes them."""
    folder, name = sys.argv[1:]
    destination = Destination(Path(folder))
    for number in range(20):
        content = f"{name}{number}"
        print(f"{destination.publish(content, keep_versions=3).version}:{content}")


if __name__ == "__main__":
    main()
