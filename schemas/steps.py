"""Names of the pipeline's steps, and of the files that one step writes and another one reads.

A step's name is its node id in the graph and the `component` of its fragment.
"""

CURRENT_MODEL = "CurrentModel"
CONFIG_SCHEMA = "ConfigSchema"
CATALOGUE_EXAMPLE_GEN = "CatalogueExampleGen"
INTERACTION_EXAMPLE_GEN = "InteractionExampleGen"
STATISTICS_GEN = "StatisticsGen"
EXAMPLE_VALIDATOR = "ExampleValidator"
DATA_GATE = "DataGate"
TRAINER = "TwoTowerTrainer"
REFIT = "TowerRefit"
EVALUATOR = "RetrievalEvaluator"
INDEXER = "ScannIndexer"
PUSHER = "VersionedPusher"
RUN_REPORTER = "RunReporter"

SCHEMA_FILE = "schema.pbtxt"
STATISTICS_FILE = "FeatureStats.pb"
ANOMALIES_FILE = "SchemaDiff.pb"
EVALUATION_FILE = "evaluation.json"
# What RunReporter writes into the run directory, for the commands that read a finished run.
METRICS_FILE = "metrics.json"
RUN_FILE = "run.json"
REPORT_FILE = "report.html"
