"""Quality of the recipe with single parts changed, trained on the examples of a finished run.

    python -m benchmarks.ablation RUN [--only VARIANT]... [--set KEY.SUB=VALUE]... [--json FILE]

RUN is the output folder of a run, for example runs/demo. Ingestion and Transform do not run again:
every variant is trained on the same windows, and the signatures that it exports are evaluated on
the same test targets. `--set` applies to all variants. Prints a table on stdout.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import tf_keras as keras

from benchmarks.environment import environment
from benchmarks.finished_run import RunArtifacts, find_artifacts, write_run_config
from components.evaluator.embed import SignatureEncoder
from components.evaluator.held_out import HeldOutData, read_held_out_data
from components.examples.read import read_users
from components.trainer.export.saved_model import TransformGraphs, export_towers
from components.trainer.fit.train import train
from pipeline.config import load_settings
from pipeline.environment import quieten
from pipeline.exit_codes import ExitCode
from schemas.errors import InputError
from schemas.features import feature_table
from schemas.settings import Settings

RECIPE = "the recipe"
# The settings in which a variant differs from the recipe, in the syntax of `twotower run --set`.
VARIANTS: dict[str, tuple[str, ...]] = {
    RECIPE: (),
    "encoder: mean": ("model.encoder.kind=mean",),
    "encoder: decayed": ("model.encoder.kind=decayed",),
    "encoder: transformer": ("model.encoder.kind=transformer",),
    "one item table": ("model.share_item_table=true",),
    "two item tables": ("model.share_item_table=false",),
    "two blocks": ("model.encoder.num_blocks=2",),
    "half the dimensions": ("model.dim=32",),
    "with user ids": ("model.user_id_embedding=true",),
    "no recent popularity": ("model.recent_popularity=false",),
    "popularity as of the target": ("train.popularity_lag=0.0",),
    "popularity up to a quarter older": ("train.popularity_lag=0.25",),
    "popularity up to three eighths older": ("train.popularity_lag=0.375",),
    "no averaged weights": ("train.average_epochs=0",),
    "no dropout of ids": ("train.id_dropout=0.0",),
    "no dropout of features": ("train.feature_dropout=0.0",),
    "no dropout of histories": ("train.history_dropout=0.0",),
    "loss: sampled softmax": ("train.loss=sampled_softmax",),
    "loss: contrastive": ("train.loss=contrastive", "model.similarity=cosine"),
    "loss: triplet": ("train.loss=triplet", "model.similarity=cosine"),
}
METRICS = ("recall@10", "ndcg@10", "recall@100")
PROTOCOLS = ("successive", "first")


def main() -> int:
    """Prints the table and returns 0; 2 for an invalid run folder or setting."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("run", type=Path, help="output folder of a finished run")
    parser.add_argument(
        "--only",
        action="append",
        choices=list(VARIANTS),
        metavar="VARIANT",
        help=f"variant to train; repeatable (default: all of {', '.join(VARIANTS)})",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY.SUB=VALUE",
        help="setting of all variants, as in `twotower run --set`; repeatable",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    options = parser.parse_args()
    quieten()
    try:
        rows = _train_variants(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return int(ExitCode.BAD_INPUT)
    print(table(rows))
    if options.json:
        result = {"run": str(options.run), "variants": rows, **environment(["tensorflow"])}
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def _train_variants(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    artifacts = find_artifacts(options.run)
    with tempfile.TemporaryDirectory() as folder:
        config = write_run_config(options.run, Path(folder))
        base = load_settings(str(config), options.set)
        held_out = read_held_out_data(
            artifacts.windows, artifacts.catalogue, base.data, base.evaluation
        )
        rows = {}
        for name in options.only or VARIANTS:
            print(f"== {name}", file=sys.stderr)
            settings = load_settings(str(config), [*options.set, *VARIANTS[name]])
            rows[name] = _train_variant(settings, artifacts, held_out, Path(folder, "model"))
            keras.backend.clear_session()
        return rows


def _train_variant(
    settings: Settings, artifacts: RunArtifacts, held_out: HeldOutData, path: Path
) -> dict[str, Any]:
    trained = train(artifacts.inputs, settings.data, settings.model, settings.train)
    graphs = TransformGraphs(artifacts.inputs.windows_graph, artifacts.inputs.catalogue_graph)
    users = read_users(artifacts.users, feature_table(settings.data))
    export_towers(trained, settings.data, graphs, users, str(path))
    encoder = SignatureEncoder(str(path), feature_table(settings.data))
    measured = held_out.measure_model(held_out.embed(encoder)).measurements
    return {
        "validation": trained.validation,
        "epochs": len(trained.history),
        "seconds": trained.seconds,
        **{name: dict(measured[name].values) for name in PROTOCOLS if name in measured},
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """Returns a Markdown table with one line per variant."""
    columns = [(protocol, metric) for protocol in PROTOCOLS for metric in METRICS]
    columns = [c for c in columns if all(c[0] in row for row in rows.values())]
    heads = ["variant", "eval recall@10", *(f"{p} {m}" for p, m in columns), "epochs", "seconds"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, row in rows.items():
        numbers = [row["validation"].get("recall@10", float("nan"))]
        numbers += [row[protocol][metric] for protocol, metric in columns]
        cells = [name, *(f"{number:.4f}" for number in numbers)]
        lines.append(f"| {' | '.join(cells)} | {row['epochs']} | {row['seconds']:.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
