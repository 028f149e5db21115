"""Refits on a log with a known change."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.gate import Verdict
from components.refit.continuation import continue_training, proven_model
from components.refit.gates import rehearsal_gate
from components.refit.rehearsal import Rehearsal, rehearse
from components.refit.run import RefitPaths, Refitted, refit
from components.refit.target_ranks import rank_targets
from schemas.errors import InputError
from schemas.model_settings import Refit
from tests.components.refit.conftest import Proven, artifact_folders
from tests.examples import write_split


def run(changed: Proven, folder: Path, kind: Refit) -> Refitted:
    windows, catalogue = artifact_folders(changed, folder)
    write_split(str(folder / "users"), "users", [{"user_id": ["u1"]}])
    inputs = changed.dataset.inputs
    paths = RefitPaths(
        model=str(changed.model_path),
        windows=str(windows),
        catalogue=str(catalogue),
        windows_graph=inputs.windows_graph,
        catalogue_graph=inputs.catalogue_graph,
        users=str(folder / "users"),
        serving_model=str(folder / "model"),
    )
    return refit(paths, changed.dataset.settings, kind)


def rehearsed(log: Proven) -> Rehearsal | None:
    proven = proven_model(log.state, log.vocabularies, log.log).towers
    return rehearse(log.state, log.vocabularies, log.log, proven)


def test_the_rehearsal_of_a_lasting_change_is_a_gain(changed: Proven) -> None:
    rehearsal = rehearsed(changed)

    assert rehearsal is not None
    gate = rehearsal_gate(rehearsal)
    assert (gate.passed, gate.verdict) == (True, Verdict.BETTER)
    metrics = rehearsal.to_dict()["metrics"]["recall@10"]
    assert metrics["gain"] == pytest.approx(metrics["continued"] - metrics["proven"])


def test_a_refit_that_would_make_the_model_worse_is_refused(spoiled: Proven) -> None:
    gate = rehearsal_gate(rehearsed(spoiled))

    assert (gate.passed, gate.verdict) == (False, Verdict.WORSE)
    assert "what a refit learns makes the model worse" in gate.reason
    assert gate.value is not None
    assert gate.threshold is not None
    assert gate.value < gate.threshold


def test_a_continued_training_learns_the_later_rule_and_the_new_item(changed: Proven) -> None:
    log = changed.log
    continued = continue_training(changed.state, changed.vocabularies, log, log.later)

    before = rank_targets(changed.trained.towers, log.test).by_user("ndcg@10").mean()
    after = rank_targets(continued.model.towers, log.test).by_user("ndcg@10").mean()
    assert after > before + 0.1
    assert 0 < continued.num_replayed_targets <= continued.num_targets == log.later.num_targets
    ids = continued.model.towers.items.of_candidates.ids.embeddings.numpy()
    new_row, unknown_row = ids[log.reader.vocabularies.items.index(b"i12")], ids[-1]
    assert not np.allclose(new_row, unknown_row)


@pytest.mark.parametrize("kind", ["continue", "full"])
def test_a_refitted_model_is_exported_with_the_parity_sample_and_the_users(
    changed: Proven, tmp_path: Path, kind: Refit
) -> None:
    done = run(changed, tmp_path, kind)

    assert {gate.name for gate in done.gates} == {
        "refit.finite",
        "refit.embedding_health",
        *({"refit.rehearsal", "refit.old_windows"} if kind == "continue" else ()),
    }
    assert (done.report["rehearsal"] is None) == (kind == "full")
    assert done.report["new_items"] == 1
    assert done.report["targets"]["new"] == changed.log.later.num_targets
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    embed = loaded.signatures["candidate_embedding"]
    item = tf.constant([b"i12", b"i13", b"i1"])
    vectors = embed(item_id=item)["embedding"].numpy()
    assert np.isfinite(vectors).all()
    assert not np.allclose(vectors[0], vectors[1])  # i12 has a row of its own, i13 has none
    for name in ("parity.tfrecord", "known_users.json.gz"):
        assert (tmp_path / "model" / "assets.extra" / name).is_file()
    assert not (tmp_path / "model" / "assets.extra" / "training_state.npz").exists()


def test_a_log_without_later_targets_is_an_error(changed: Proven, tmp_path: Path) -> None:
    windows, _ = artifact_folders(changed, tmp_path)
    for split in ("eval", "test"):
        link = windows / f"Split-{split}" / "examples.gz"
        link.unlink()
        with tf.io.TFRecordWriter(str(link), "GZIP"):
            pass
    catalogue = tmp_path / "catalogue"
    write_split(str(tmp_path / "users"), "users", [{"user_id": ["u1"]}])
    inputs = changed.dataset.inputs
    paths = RefitPaths(
        str(changed.model_path),
        str(windows),
        str(catalogue),
        inputs.windows_graph,
        inputs.catalogue_graph,
        str(tmp_path / "users"),
        str(tmp_path / "model"),
    )
    with pytest.raises(InputError, match=r"no target after split train"):
        refit(paths, changed.dataset.settings, "continue")
