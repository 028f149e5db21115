"""Merges the environments of a curated schema: which features a serving request contains.

The layouts have two environments (`schemas.tfmd`). TRAINING has every feature; SERVING excludes
those that are not available at request time. A curated schema may exclude another feature with
`not_in_environment: "SERVING"`, or include an excluded one with `in_environment: "SERVING"`.

ExampleValidator validates without an environment and so expects every feature, as in TRAINING.
"""

import difflib
from collections.abc import Iterable

from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.errors import InputError
from schemas.tfmd import ENVIRONMENTS, SERVING, TRAINING


def check_default_environments(curated: schema_pb2.Schema) -> None:
    """Checks that the schema lists either both environments, in any order, or none.

    Raises:
      InputError: An environment is unknown or missing.
    """
    _check_known("the schema", curated.default_environment)
    listed = set(curated.default_environment)
    if listed and listed != set(ENVIRONMENTS):
        (missing,) = set(ENVIRONMENTS) - listed
        raise InputError(
            f"curated schema: {missing!r} is missing from `default_environment`; list both "
            f"{' and '.join(ENVIRONMENTS)}, or remove the field, which has the same effect"
        )


def merge_environments(target: schema_pb2.Feature, feature: schema_pb2.Feature) -> None:
    """Sets the environments of `target` to those of `feature`, a feature of the curated schema.

    Raises:
      InputError: An environment is unknown, the feature is both in an environment and not in it,
        or it is excluded from training.
    """
    inside, outside = feature.in_environment, feature.not_in_environment
    _check_known(f"feature {feature.name!r}", [*inside, *outside])
    if TRAINING in outside:
        raise InputError(
            f"curated schema: feature {feature.name!r} is not in environment {TRAINING!r}, but "
            "examples contain every feature of the configuration; remove the feature from the "
            "configuration instead"
        )
    if SERVING in outside:
        if SERVING in inside:
            raise InputError(
                f"curated schema: feature {feature.name!r} is both in environment {SERVING!r} and "
                "not in it; remove one of the two entries"
            )
        target.not_in_environment[:] = [SERVING]
    elif SERVING in inside:
        del target.not_in_environment[:]


def _check_known(place: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in ENVIRONMENTS:
            nearest = difflib.get_close_matches(name.upper(), ENVIRONMENTS, n=1, cutoff=0.0)[0]
            raise InputError(
                f"curated schema: {place} has the unknown environment {name!r}; did you mean "
                f"{nearest!r}? (environments: {', '.join(ENVIRONMENTS)})"
            )
