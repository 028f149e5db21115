"""A metadata store to which tests write executions."""

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

Artifacts = dict[str, int]


class Store:
    """A metadata store to which executions are written as TFX writes them."""

    def __init__(self, path: str):
        config = metadata.sqlite_metadata_connection_config(path)
        self.store = metadata_store.MetadataStore(config)
        self.artifact = self.store.put_artifact_type(mlmd.ArtifactType(name="Any"))
        self.execution = self.store.put_execution_type(mlmd.ExecutionType(name="Step"))
        self.types = {
            name: self.store.put_context_type(mlmd.ContextType(name=name))
            for name in ("node", "pipeline_run")
        }

    def create(self, uri: str, **properties: str) -> int:
        artifact = mlmd.Artifact(type_id=self.artifact, uri=uri)
        for name, value in properties.items():
            artifact.custom_properties[name].string_value = value
        return self.store.put_artifacts([artifact])[0]

    def run(
        self,
        node: str,
        inputs: Artifacts,
        outputs: Artifacts,
        pipeline_run: str = "2026-01-01T00:00:00",
        **properties: str,
    ) -> None:
        execution = mlmd.Execution(type_id=self.execution)
        for name, value in properties.items():
            execution.custom_properties[name].string_value = value
        contexts = [self._context("node", node), self._context("pipeline_run", pipeline_run)]
        events = []
        for kind, artifacts in ((mlmd.Event.INPUT, inputs), (mlmd.Event.OUTPUT, outputs)):
            for key, artifact in artifacts.items():
                event = mlmd.Event(type=kind, artifact_id=artifact)
                event.path.steps.add().key = key
                event.path.steps.add().index = 0
                stored = self.store.get_artifacts_by_id([artifact])[0]
                events.append((stored, event))
        self.store.put_execution(execution, events, contexts)

    def _context(self, kind: str, name: str) -> mlmd.Context:
        existing = self.store.get_context_by_type_and_name(kind, name)
        return existing or mlmd.Context(type_id=self.types[kind], name=name)
