"""The TFX component CatalogueExampleGen."""

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.channel import Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import Rejects
from components.catalogue_gen.executor import Executor


class CatalogueExampleGenSpec(ComponentSpec):
    """The parameters, inputs and outputs of CatalogueExampleGen."""

    PARAMETERS = {
        "data": ExecutionParameter(type=str),
        "code_version": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
    }
    INPUTS = {}
    OUTPUTS = {
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "rejects": ChannelParameter(type=Rejects),
    }


class CatalogueExampleGen(base_beam_component.BaseBeamComponent):
    """Reads the item catalogue on Beam, and logged items if the settings require them.

    Outputs: `examples` (split catalogue) and `rejects`.
    """

    SPEC_CLASS = CatalogueExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(self, data: str, code_version: str, fingerprint: str):
        """Constructs the component.

        Args:
          data: DataSettings as canonical JSON.
          code_version: The version of the installed code.
          fingerprint: A hash of the input files; part of the cache key.
        """
        super().__init__(
            CatalogueExampleGenSpec(
                data=data,
                code_version=code_version,
                fingerprint=fingerprint,
                examples=Channel(type=standard_artifacts.Examples),
                rejects=Channel(type=Rejects),
            )
        )
