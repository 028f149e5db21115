"""Configuration: which values are accepted; every rejection names the key and the remedy."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.config import load_settings
from schemas.errors import InputError
from schemas.events import RejectReason
from schemas.settings import Settings, from_json, to_json
from schemas.source_settings import FeatureKind

MINIMAL: dict[str, Any] = {
    "name": "shop",
    "output": "runs/shop",
    "interactions": {
        "path": "log.csv",
        "format": "csv",
        "fields": {"user_id": "user", "item_id": "item", "timestamp": "time"},
    },
}


def write(path: Path, values: object) -> str:
    file = path / "config.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    return str(file)


def with_key(section: str, key: str, value: object) -> dict[str, Any]:
    values = yaml.safe_load(yaml.safe_dump(MINIMAL))
    values.setdefault(section, {})[key] = value
    return values


def rejection(tmp_path: Path, values: object, *overrides: str) -> str:
    with pytest.raises(InputError) as caught:
        load_settings(write(tmp_path, values), overrides)
    return str(caught.value)


def test_minimal_file_gets_defaults(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, MINIMAL))
    assert settings.name == "shop"
    assert settings.interactions.timestamp_unit == "s"
    assert settings.items is None
    assert settings.split.policy == "temporal"


def test_settings_survive_their_canonical_json(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, MINIMAL))
    assert from_json(Settings, to_json(settings)) == settings
    assert to_json(settings) == to_json(from_json(Settings, to_json(settings)))


def test_short_form_of_a_feature(tmp_path: Path) -> None:
    values = with_key("interactions", "context", {"device": "category"})
    device = load_settings(write(tmp_path, values)).interactions.context["device"]
    assert device.kind is FeatureKind.CATEGORY


def test_override_is_parsed_as_yaml_and_creates_missing_sections(tmp_path: Path) -> None:
    overrides = ("train.max_epochs=3", "index.kind=exact", "interactions.path=[a.csv, b.csv]")
    settings = load_settings(write(tmp_path, MINIMAL), overrides, output="elsewhere")
    assert settings.train.max_epochs == 3
    assert settings.index.kind == "exact"
    assert settings.interactions.path == ("a.csv", "b.csv")
    assert settings.output == "elsewhere"


@pytest.mark.parametrize("section", ["interactions", "items", "users"])
def test_every_reason_may_have_a_limit_in_every_source(tmp_path: Path, section: str) -> None:
    source = {"path": "f.csv", "format": "csv", "fields": {"user_id": "u"}}
    sources = {
        "interactions": MINIMAL["interactions"],
        "items": source | {"fields": {"item_id": "i"}},
        "users": source,
    }
    limits: dict[str, int] = {reason.value: 0 for reason in RejectReason}
    values = MINIMAL | {section: sources[section] | {"reject_limits": limits}}
    settings = load_settings(write(tmp_path, values))
    assert getattr(settings, section).reject_limits == dict.fromkeys(RejectReason, 0.0)
    assert from_json(Settings, to_json(settings)) == settings


@pytest.mark.parametrize(
    ("section", "key", "nearest"),
    [
        ("interactions", "timestamp_units", "timestamp_unit"),
        ("train", "max_epoch", "max_epochs"),
        ("history", "max_lenght", "max_length"),
        ("model", "encodr", "encoder"),
    ],
)
def test_unknown_key_is_reported_with_the_nearest(
    tmp_path: Path, section: str, key: str, nearest: str
) -> None:
    message = rejection(tmp_path, with_key(section, key, 1))
    assert f"{section}.{key}: unknown key; did you mean '{nearest}'?" in message


def test_unknown_key_at_the_top_and_deep_inside(tmp_path: Path) -> None:
    assert "interaction: unknown key; did you mean 'interactions'" in rejection(
        tmp_path, MINIMAL | {"interaction": {}}
    )
    message = rejection(tmp_path, MINIMAL, "interactions.fields.itemid=x")
    assert "interactions.fields.itemid: unknown key; did you mean 'item_id'?" in message
    message = rejection(tmp_path, MINIMAL, "interactions.context.device.kinds=x")
    assert "interactions.context.device.kinds: unknown key; did you mean 'kind'?" in message


def test_missing_key_and_wrong_values_are_named(tmp_path: Path) -> None:
    values = {key: value for key, value in MINIMAL.items() if key != "interactions"}
    assert "interactions: this key is required" in rejection(tmp_path, values)
    message = rejection(tmp_path, MINIMAL, "train.learning_rate=-1")
    assert "train.learning_rate" in message
    assert "got -1" in message
    assert "format" in rejection(tmp_path, MINIMAL, "interactions.format=xml")
    assert "name" in rejection(tmp_path, MINIMAL, "name='My Shop'")


@pytest.mark.parametrize(
    ("override", "part"),
    [
        (
            "model={dim: 30, encoder: {num_heads: 8}}",
            "model.encoder.num_heads (8) does not divide",
        ),
        (
            "train={loss: full_softmax, hard_negatives: 5}",
            "train.hard_negatives: does not apply to train.loss full_softmax",
        ),
        ("train.loss=contrastive", "train.loss contrastive: requires model.similarity cosine"),
        (
            "train={in_batch_negatives: 0, catalogue_negatives: 0}",
            "train.in_batch_negatives and train.catalogue_negatives are both 0",
        ),
        (
            "train.deterministic=true",
            "train.deterministic: needs train.max_seconds: null (now 1500",
        ),
        ("train.margin=0.5", "train.margin: applies only to train.loss contrastive"),
        (
            "deploy={project: p, region: r, trainer: {replicas: 2}}",
            "deploy.trainer.replicas is 2, but train.strategy is not set",
        ),
        (
            "deploy={project: p, region: r, trainer: {accelerators_per_replica: 2}}",
            "deploy.trainer.accelerators_per_replica: requires deploy.trainer.accelerator",
        ),
        (
            "deploy={project: p, region: r, trainer: {accelerator: NVIDIA_L4, "
            "accelerators_per_replica: 2}}",
            "without train.strategy a training uses one",
        ),
        ("index.k=500", "above index.max_k (200)"),
        ("split.eval_start=2024-01-01T00:00:00Z", "must be given together"),
        ("interactions.context.user_id=category", "two inputs with the name 'user_id'"),
        ("interactions.context.device=text", "is not allowed here"),
        ("interactions.context.k=category", "two inputs with the name 'k'"),
        (
            "interactions.reject_limits={duplicates: 0.1}",
            "interactions.reject_limits.duplicates: 'duplicates' is not known; did you mean "
            "'duplicate'? (known: unparseable, missing_field,",
        ),
        ("interactions.reject_limits={late: 1.5}", "reject_limits.late: input should be less"),
        ("interactions.format=cvs", "format: 'cvs' is not known; did you mean 'csv'?"),
        ("evaluation.bootstrap_samples=1", "bootstrap_samples: input should be greater than or eq"),
        ("evaluation.gates.metric=recal@10", "gates.metric: 'recal@10' is unknown; did you"),
        ("evaluation.gates.metric=gini@10", "gates.metric: 'gini@10' is unknown"),
        ("evaluation.slices=[items.genre]", "slices: 'items.genre' is unknown; (known: none)"),
        (
            "evaluation.gates.better_than=[markof]",
            "gates.better_than: 'markof' is unknown; did you mean",
        ),
        ("evaluation.gates.not_worse_than=[eas]", "gates.not_worse_than: 'eas' is unknown; did"),
        ("evaluation.gates.slices=[users.zip]", "gates.slices: 'users.zip' is unknown; did"),
        ("evaluation.gates.metric=coverage@10", "set evaluation.gates.min_coverage, and an acc"),
        ("interactions.path=[]", "interactions.path: is empty"),
        ("interactions.fields.item_id=user", "both read from column 'user'"),
        ("interactions.keep.event_types=[buy]", "requires interactions.fields.event_type"),
        (
            "targets.event_types=[buy]",
            "targets.event_types: requires interactions.fields.event_type",
        ),
        ("targets.event_types=[]", "an empty list selects no event"),
        ("targets.weights.buy=2", "targets.weights: requires interactions.fields.event_type"),
        ("interactions.keep.min_value=3", "requires interactions.fields.value"),
        (
            "split={policy: leave_one_out, eval_start: 2024-01-01, test_start: 2024-02-01}",
            "do not apply to policy leave_one_out",
        ),
        (
            "interactions.fields.timestamp=user",
            "user_id and timestamp are both read from column 'user'",
        ),
        (
            "interactions.fields.timestamp=item",
            "item_id and timestamp are both read from column 'item'",
        ),
        (
            "interactions.keep={min_user_events: 5, max_user_events: 4}",
            "keep.max_user_events is 4, below interactions.keep.min_user_events (5)",
        ),
        (
            "targets={event_types: [buy], weights: {buy: 2, view: 1}}",
            "targets.weights.view: is not a target type, so its weight has no effect; add it to "
            "targets.event_types (buy)",
        ),
        ("interactions.keep.event_types=view", "event_types: write a list: [view], got 'view'"),
        ("interactions.keep.event_types={a: 1}", "event_types: write a list, e.g. [a, b], got {"),
        (
            "interactions.reject.user_rate_limit=100",
            "user_rate_limit: write a mapping with keys of {events, per}, got 100",
        ),
        ("targets.weights=[buy]", "targets.weights: write a mapping of names to values, got ['"),
        ("train", "expected key.sub=value"),
        ("name.sub=1", "name is a value, not a section"),
    ],
)
def test_contradictions_between_keys(tmp_path: Path, override: str, part: str) -> None:
    assert part in rejection(tmp_path, MINIMAL, override)


@pytest.mark.parametrize("switch", ["model.recent_popularity=false", "split.policy=leave_one_out"])
def test_a_lag_without_popularity_is_a_contradiction(tmp_path: Path, switch: str) -> None:
    message = rejection(tmp_path, MINIMAL, switch, "train.popularity_lag=0.1")
    assert "train.popularity_lag: does not apply" in message


@pytest.mark.parametrize(
    ("kept", "targets", "problem"),
    [
        ("[view]", "{event_types: [buy, view]}", "targets.event_types: 'buy'"),
        ("[view]", "{weights: {view: 1, buy: 2}}", "targets.weights: 'buy'"),
        ("[view, buy]", "{event_types: [buy], weights: {buy: 2}}", None),
        ("[view]", "{}", None),
    ],
)
def test_a_target_type_that_keep_leaves_out_is_a_contradiction(
    tmp_path: Path, kept: str, targets: str, problem: str | None
) -> None:
    overrides = (
        "interactions.fields.event_type=type",
        f"interactions.keep.event_types={kept}",
        f"targets={targets}",
    )
    if problem is None:
        load_settings(write(tmp_path, MINIMAL), overrides)
    else:
        message = rejection(tmp_path, MINIMAL, *overrides)
        assert f"{problem} is left out by interactions.keep.event_types (view)" in message


def test_an_upper_bound_may_equal_the_lower_and_weights_need_no_list(tmp_path: Path) -> None:
    overrides = (
        "interactions.keep={min_user_events: 5, max_user_events: 5}",
        "interactions.fields.event_type=type",
        "targets.weights.buy=2",
    )
    settings = load_settings(write(tmp_path, MINIMAL), overrides)
    assert settings.interactions.keep.max_user_events == 5
    assert settings.targets.weights == {"buy": 2.0}


def test_unreadable_files_are_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such configuration file"):
        load_settings(str(tmp_path / "absent.yaml"))
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1, 2", encoding="utf-8")
    with pytest.raises(InputError, match="not valid YAML"):
        load_settings(str(broken))
    broken.write_text("name: a\nmodel: {dim: 8, dim: 16}\n", encoding="utf-8")
    with pytest.raises(InputError, match="the key 'dim' occurs twice"):
        load_settings(str(broken))
    broken.write_text("just text", encoding="utf-8")
    with pytest.raises(InputError, match="expected a mapping"):
        load_settings(str(broken))


@pytest.mark.parametrize(
    ("feature", "part"),
    [
        ({"tokens": "chars"}, "items.features.title.tokens: 'chars' is not known; did you mean"),
        ({"html": "yes"}, "items.features.title.html: 'yes' is not known"),
        ({"ngrams": 2}, "items.features.title.ngrams: write a list: [2], got 2"),
        ({"ngrams": []}, "items.features.title.ngrams: tuple should have at least 1 item"),
        ({"ngrams": [0]}, "items.features.title.ngrams.0: input should be greater than or equal"),
        ({"ngrams": [9]}, "items.features.title.ngrams.0: input should be less than or equal to 8"),
        ({"ngrams": [2]}, "items.features.title.ngrams: applies to tokens: characters"),
        ({"kind": "category", "html": "strip"}, "items.features.title.html: applies to kind text"),
    ],
)
def test_settings_of_texts(tmp_path: Path, feature: dict[str, Any], part: str) -> None:
    values = with_key("items", "features", {"title": {"kind": "text", **feature}})
    values["items"] |= {"path": "items.csv", "format": "csv", "fields": {"item_id": "i"}}
    assert part in rejection(tmp_path, values)


@pytest.mark.parametrize(
    "path", sorted(Path("pipeline/configs").glob("*.yaml")), ids=lambda path: path.stem
)
def test_shipped_configurations_are_valid(path: Path) -> None:
    settings = load_settings(str(path))
    assert settings.name == path.stem
    assert settings.schema is None or Path(settings.schema).is_file()
