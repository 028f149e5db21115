"""`twotower schema`: infers a file that is valid as `schema` of the configuration."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from components.config_schema.build import build_schemas, read_curated_schema
from pipeline.cli import app
from pipeline.config import load_settings
from schemas.features import feature_table
from tests.chain_dataset import write_chain_dataset


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    world = write_chain_dataset(folder, num_users=20, events_per_user=10)
    path = folder / "config.yaml"
    values = world | {"name": "chain", "output": str(folder / "run")}
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_the_inferred_file_is_valid_for_its_configuration(config: Path) -> None:
    path = config.parent / "inferred.pbtxt"
    done = CliRunner().invoke(app, ["schema", str(config), "--output", str(path)])
    assert done.exit_code == 0, done.output
    settings = load_settings(str(config), [f"schema={path}"])
    curated = read_curated_schema(str(settings.schema))
    built = build_schemas(feature_table(settings.data), curated)
    assert {feature.name for feature in curated.feature} <= {
        feature.name for schema in (built.events, built.catalogue) for feature in schema.feature
    }
    assert "timestamp" in {feature.name for feature in curated.feature}
    assert "Inferred from chain: " in path.read_text(encoding="utf-8")
