"""The log and the models of the tests of a complete evaluation."""

import pytest

from tests.components.evaluator.sequence_log import write_log


@pytest.fixture(scope="package")
def log(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The folders of a log of item sequences and of two models (`sequence_log.write_log`)."""
    return write_log(tmp_path_factory.mktemp("log"))
