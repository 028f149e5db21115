"""Layout on disk of the bundle that ScannIndexer writes and VersionedPusher publishes.

A bundle holds two SavedModels with the same signatures. `assets.extra` is the SavedModel's folder
for files that the graph does not use:
https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk
"""

import os

SCANN_FOLDER = "scann"
PORTABLE_FOLDER = "portable"
EXTRA_FOLDER = "assets.extra"

SAVED_MODEL_FILE = "saved_model.pb"
VARIABLES_PREFIX = os.path.join("variables", "variables")
UNAVAILABLE_FILE = os.path.join("assets", "unavailable_items.txt")
# The same list as it was written, before `ids.normalise`.
UNAVAILABLE_WRITTEN_FILE = os.path.join(EXTRA_FOLDER, "unavailable_items_written.txt")
MANIFEST_FILE = os.path.join(EXTRA_FOLDER, "manifest.json")
PARITY_FILE = os.path.join(EXTRA_FOLDER, "parity.tfrecord")
WARMUP_FILE = os.path.join(EXTRA_FOLDER, "tf_serving_warmup_requests")
# What the version knows and was measured with, to compare traffic with.
REFERENCE_FILE = os.path.join(EXTRA_FOLDER, "served_reference.json.gz")
# Statistics of the events that the model was trained on, by which drift is measured.
STATISTICS_FILE = os.path.join(EXTRA_FOLDER, "statistics", "FeatureStats.pb")
# The towers that were evaluated, a SavedModel in the folder of the twin only. The served model may
# have been trained on more events; later runs compare their towers with these.
PROVEN_TOWERS_FOLDER = os.path.join(EXTRA_FOLDER, "proven_towers")
# The weights and vocabularies of the towers, from which another training can start. It is in the
# folder of the towers' SavedModel, and so also in that of the proven towers.
TRAINING_STATE_FILE = os.path.join(EXTRA_FOLDER, "training_state.npz")
# The users with targets in training. Their share of the requests is compared with traffic.
KNOWN_USERS_FILE = os.path.join(EXTRA_FOLDER, "known_users.json.gz")
