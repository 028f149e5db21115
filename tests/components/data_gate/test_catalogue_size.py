"""The gate on the size of the catalogue."""

import pytest

from components.data_gate.catalogue_size import catalogue_size_gate


@pytest.mark.parametrize(
    ("num_items", "max_drop", "passed"),
    [
        (5, 0.5, False),
        (999, 0.5, False),
        (1000, 0.5, True),
        (2000, 0.0, True),
        (1999, 0.0, False),
        (3000, 0.5, True),
        (5, 1.0, True),
        (0, 1.0, True),
    ],
)
def test_the_new_catalogue_has_a_smallest_size(
    num_items: int, max_drop: float, passed: bool
) -> None:
    gate = catalogue_size_gate(num_items, "7", 2000, max_drop)

    assert (gate.name, gate.passed) == ("data.catalogue_size", passed)
    assert (gate.value, gate.threshold) == (num_items / 2000, 1.0 - max_drop)
    assert ("raise push.max_catalogue_drop" in gate.reason) is not passed


def test_a_truncated_export_is_named_with_both_sizes() -> None:
    assert catalogue_size_gate(5, "7", 2000, 0.5).reason == (
        "5 items, 0.0025 of the 2,000 items of version 7, which serves; at least 0.5 is required: "
        "check that the items files are complete; if the catalogue has really shrunk, raise "
        "push.max_catalogue_drop"
    )


@pytest.mark.parametrize(
    ("num_items", "num_listed", "num_listed_served", "value"),
    [
        (2000, 5, 1000, 0.005),
        (2000, 0, 1000, 0.0),
        (1500, 1000, 1000, 0.75),  # The log lost items.
        (2000, 900, 1000, 0.9),
        (2000, 5, None, 1.0),
        (2000, None, 1000, 1.0),
    ],
)
def test_the_items_in_the_files_are_compared_as_well(
    num_items: int, num_listed: int | None, num_listed_served: int | None, value: float
) -> None:
    gate = catalogue_size_gate(num_items, "7", 2000, 0.5, num_listed, num_listed_served)
    assert (gate.value, gate.passed) == (value, value >= 0.5)


def test_a_truncated_file_that_the_log_refills_is_named_with_both_sizes() -> None:
    assert catalogue_size_gate(2000, "7", 2000, 0.5, 5, 1000).reason.startswith(
        "5 items in the items files, 0.005 of the 1,000 items in those of version 7, which serves; "
        "at least 0.5 is required: check that the items files are complete"
    )


def test_without_a_served_model_there_is_nothing_to_compare_with() -> None:
    gate = catalogue_size_gate(5, None, None, 0.5)
    assert (gate.passed, gate.verdict) == (True, None)
    assert "no model is served yet" in gate.reason


def test_a_version_without_a_number_of_items_is_undecided() -> None:
    gate = catalogue_size_gate(5, "7", None, 0.5)
    assert gate.is_warning
    assert "does not state its number of items" in gate.reason


def test_the_gate_can_be_switched_off() -> None:
    gate = catalogue_size_gate(5, "7", 2000, None)
    assert gate.passed
    assert "push.max_catalogue_drop is null" in gate.reason
