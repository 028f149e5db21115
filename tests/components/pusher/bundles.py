"""Small fake bundles and a push destination: the pusher only copies their files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.pusher.lock import LOCK_FILE
from components.pusher.manifest import Manifest
from components.pusher.models_config import CONFIG_FILE
from components.pusher.publish import PublishedVersion, publish
from schemas.version_labels import STABLE


def write_bundle(folder: Path, content: str = "graph") -> Path:
    """Writes a bundle of two fake SavedModels; equal `content` gives equal bytes."""
    for model in ("scann", "portable"):
        for path, text in bundle_files(model, content, f"random {folder}").items():
            target = folder / model / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    return folder


def write_towers(folder: Path, content: str) -> Path:
    """Writes fake towers, with a parity sample, which stays with the training."""
    for path, text in {
        "saved_model.pb": f"towers {content}",
        "variables/variables.index": "index",
        "assets/user_id": "ann\n",
        "assets.extra/parity.tfrecord": "sample",
    }.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


def bundle_files(model: str, content: str, fingerprint: str = "") -> dict[str, str]:
    """Returns the files of one fake SavedModel, by path."""
    return {
        "saved_model.pb": f"{model} {content}",
        "variables/variables.index": "index",
        "assets/items.txt": "a\nb\n",
        "fingerprint.pb": fingerprint,
    }


class Destination:
    """A push destination under `root`."""

    def __init__(self, root: Path):
        self.root = root
        self.serving = root / "serving" / "demo"
        self.portable = root / "serving_portable" / "demo"
        self.statistics = root / "FeatureStats.pb"
        self.statistics.write_bytes(b"statistics")

    @property
    def folders(self) -> tuple[str, str]:
        """The served and the portable folder."""
        return str(self.serving), str(self.portable)

    def bundle(self, content: str) -> Path:
        """Returns the bundle with the given content, which is written if it does not exist."""
        bundle = self.root / f"bundle-{content}"
        return bundle if bundle.exists() else write_bundle(bundle, content)

    def towers(self, content: str) -> Path:
        """Returns the towers with the given content, which are written if they do not exist."""
        towers = self.root / f"towers-{content}"
        return towers if towers.exists() else write_towers(towers, content)

    def publish(
        self,
        content: str = "graph",
        keep_versions: int = 5,
        id_rules: Sequence[str] = (),
        label: str = STABLE,
        provenance: Mapping[str, Any] | None = None,
    ) -> PublishedVersion:
        """Publishes a bundle with the given content, rules of ids, label and provenance."""
        return publish(
            str(self.bundle(content)),
            *self.folders,
            Manifest(
                name="demo",
                metrics={"recall@10": 0.25},
                id_rules=[*id_rules],
                version_set="python3.10",
                train_end_s=1000,
                split_policy="temporal",
                sizes={"items": 2},
                provenance=dict(provenance or {"run": "training"}),
            ),
            towers=str(self.towers(content)),
            statistics_file=str(self.statistics),
            keep_versions=keep_versions,
            label=label,
        )

    def files(self) -> dict[str, bytes]:
        """The contents of all files and, with a slash at the end, empty folders, by path."""
        found = {}
        for folder in (self.serving, self.portable):
            for path in folder.rglob("*"):
                name = f"{folder.parent.name}/{path.relative_to(folder)}"
                if path.is_file():
                    found[name] = path.read_bytes()
                elif not any(path.iterdir()):
                    found[f"{name}/"] = b""
        return found

    def visible(self) -> tuple[list[str], list[str]]:
        """The versions that a server sees in the served and in the portable folder."""
        return _visible(self.serving), _visible(self.portable)

    def all_names(self) -> set[str]:
        """The names of all files in both folders, also hidden ones; not the lock and the labels."""
        folders = [d for d in (self.serving, self.portable) if d.exists()]
        return {p.name for d in folders for p in d.iterdir()} - {LOCK_FILE, CONFIG_FILE}


def _visible(folder: Path) -> list[str]:
    if not folder.exists():
        return []
    return sorted((p.name for p in folder.iterdir() if p.name.isdigit()), key=int)
