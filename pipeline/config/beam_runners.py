"""The runners of Apache Beam on which the pipeline may run.

Some runners for Beam's Python SDK finish without an error and give a wrong result. Therefore, a
runner has to be in the list of this module.
"""

import re

from schemas.errors import InputError

# Names of Beam, in any case and with or without "Runner" at the end.
_SUPPORTED = (
    "DirectRunner",
    "BundleBasedDirectRunner",
    "SwitchingDirectRunner",
    "PrismRunner",
    "PortableRunner",
    "FlinkRunner",
    "SparkRunner",
    "DataflowRunner",
)
# Beam knows it by this path alone.
_SUPPORTED_PATH = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
# By a word of their names or of their packages, in lower case.
_REFUSED = {
    "dask": "gives wrong results: each tagged output of a step reaches all consumers of the step, "
    "and what a step writes at the end of a bundle is lost",
    "pyspark": "gives wrong results: tagged outputs of a step are mixed up; for Spark, use "
    "SparkRunner with a job server",
    "ray": "cannot be installed with the version of pyarrow that TFX requires",
}


def check_runner(name: str | None) -> None:
    """Checks that the pipeline may run on a runner.

    Args:
      name: The value of `--runner`; None for Beam's default.

    Raises:
      InputError: The runner is not supported; with the reason, where one is known.
    """
    if name is None or _is_supported(name):
        return
    words = re.split(r"[._]", name.lower().removesuffix("runner"))
    reasons = [reason for word, reason in _REFUSED.items() if word in words]
    reason = reasons[0] if reasons else "is not supported"
    raise InputError(f"--runner={name}: {reason}; use one of {', '.join(_SUPPORTED)}")


def _is_supported(name: str) -> bool:
    if name == _SUPPORTED_PATH:
        return True
    path, _, runner = name.rpartition(".")
    is_of_beam = not path or path.startswith("apache_beam.")
    known = {supported.lower() for supported in _SUPPORTED}
    return is_of_beam and bool({runner.lower(), f"{runner.lower()}runner"} & known)
