"""The TFX component InteractionExampleGen."""

from typing import Any

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.artifacts import Rejects
from components.example_gen.executor import Executor


class InteractionExampleGenSpec(ComponentSpec):
    """The parameters, inputs and outputs of InteractionExampleGen."""

    PARAMETERS = {
        "data": ExecutionParameter(type=str),
        "code_version": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
    }
    INPUTS = {"catalogue": ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {
        "windows": ChannelParameter(type=standard_artifacts.Examples),
        "events": ChannelParameter(type=standard_artifacts.Examples),
        "users": ChannelParameter(type=standard_artifacts.Examples),
        "rejects": ChannelParameter(type=Rejects),
    }


class InteractionExampleGen(base_beam_component.BaseBeamComponent):
    """Reads, cleans, splits and windows the interaction log on Beam.

    Outputs: `windows` (splits train, eval, test), `events` (split events, for statistics),
    `users` (split users) and `rejects`.
    """

    SPEC_CLASS = InteractionExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(self, catalogue: BaseChannel[Any], data: str, code_version: str, fingerprint: str):
        """Constructs the component.

        Args:
          catalogue: Examples of CatalogueExampleGen; a strict catalogue defines the known items.
          data: DataSettings as canonical JSON.
          code_version: The version of the installed code.
          fingerprint: A hash of the input files; part of the cache key.
        """
        super().__init__(
            InteractionExampleGenSpec(
                catalogue=catalogue,
                data=data,
                code_version=code_version,
                fingerprint=fingerprint,
                windows=Channel(type=standard_artifacts.Examples),
                events=Channel(type=standard_artifacts.Examples),
                users=Channel(type=standard_artifacts.Examples),
                rejects=Channel(type=Rejects),
            )
        )
