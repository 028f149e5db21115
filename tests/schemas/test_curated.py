"""Every curated schema fits the configuration that ships with it."""

from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.config_schema.build import build_schemas, read_curated_schema
from pipeline.config.load import load_settings
from pipeline.demo.catalogue import GENRES
from pipeline.demo.users import DEVICES
from pipeline.demo.words import AGE_BANDS, LOCATIONS
from schemas.features import feature_table

ROOT = Path(__file__).parent.parent.parent
CONFIGS = {
    path.name: load_settings(str(path)) for path in (ROOT / "pipeline/configs").glob("*.yaml")
}
CURATED = {name: settings.schema for name, settings in CONFIGS.items() if settings.schema}


@pytest.mark.parametrize("name", CURATED)
def test_a_curated_file_names_features_of_its_configuration(name: str) -> None:
    curated = read_curated_schema(str(ROOT / str(CURATED[name])))
    built = build_schemas(feature_table(CONFIGS[name]), curated)
    assert {feature.name for feature in curated.feature} <= {
        feature.name for schema in (built.events, built.catalogue) for feature in schema.feature
    }


def test_every_curated_file_belongs_to_a_configuration() -> None:
    shipped = {f"schemas/{path.name}" for path in (ROOT / "schemas").glob("*.pbtxt")}
    assert shipped == set(CURATED.values())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("event_type", {"view", "like", "purchase"}),
        ("device", {*DEVICES, ""}),
        ("age_band", {*AGE_BANDS, ""}),
        ("location", {*LOCATIONS, ""}),
        ("categories", set(GENRES)),
    ],
)
def test_the_demos_domains_are_what_its_world_writes(name: str, values: set[str]) -> None:
    curated: schema_pb2.Schema = read_curated_schema(str(ROOT / "schemas/demo.pbtxt"))
    (feature,) = (feature for feature in curated.feature if feature.name == name)
    assert set(feature.string_domain.value) == values
