"""Environments of a curated schema: which features a serving request holds.

The layouts have two (`schemas.tfmd`): in TRAINING every feature is there, in SERVING what a
request cannot know is not. A curated file may mark a feature of its own configuration likewise,
`not_in_environment: "SERVING"`, or take a mark back, `in_environment: "SERVING"`.

Validation without an environment, as ExampleValidator does it, expects every feature: TRAINING.
"""

import difflib
from collections.abc import Iterable

from tensorflow_metadata.proto.v0 import schema_pb2

from schemas.errors import InputError
from schemas.tfmd import ENVIRONMENTS, SERVING, TRAINING


def check_default_environments(curated: schema_pb2.Schema) -> None:
    """Accepts a file that repeats the environments, in any order.

    Raises:
      InputError: It names others, or leaves one out.
    """
    _check_known("the schema", curated.default_environment)
    named = set(curated.default_environment)
    if named and named != set(ENVIRONMENTS):
        (absent,) = set(ENVIRONMENTS) - named
        raise InputError(
            f"curated schema: `default_environment` leaves out {absent!r}; name both "
            f"{' and '.join(ENVIRONMENTS)}, or leave it out, which means the same"
        )


def complete_environments(target: schema_pb2.Feature, feature: schema_pb2.Feature) -> None:
    """Marks `target` as `feature` of the curated file is marked.

    Raises:
      InputError: An environment is unknown, both kinds of mark name one, or the feature is said
        not to be in training.
    """
    inside, outside = feature.in_environment, feature.not_in_environment
    _check_known(f"feature {feature.name!r}", [*inside, *outside])
    if TRAINING in outside:
        raise InputError(
            f"curated schema: feature {feature.name!r} is not in environment {TRAINING!r}, but "
            "examples hold every feature of the configuration; remove the feature there instead"
        )
    if SERVING in outside:
        if SERVING in inside:
            raise InputError(
                f"curated schema: feature {feature.name!r} is both in environment {SERVING!r} and "
                "not in it; keep one of the two"
            )
        target.not_in_environment[:] = [SERVING]
    elif SERVING in inside:
        del target.not_in_environment[:]


def _check_known(place: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in ENVIRONMENTS:
            nearest = difflib.get_close_matches(name.upper(), ENVIRONMENTS, n=1, cutoff=0.0)[0]
            raise InputError(
                f"curated schema: {place} names environment {name!r}; did you mean {nearest!r}? "
                f"(environments: {', '.join(ENVIRONMENTS)})"
            )
