"""The records of the traffic log: JSON Lines, one record for each row of a request.

Only requests that recommend to a user are logged (`SIGNATURES`).
"""

from schemas.serving import DEFAULT, RECOMMEND, RECOMMEND_EXAMPLES

REQUEST_ID = "request_id"
ROW = "row"
# Milliseconds since the epoch, UTC, at which the answer was ready.
TIMESTAMP_MS = "timestamp_ms"
MODEL = "model"
VERSION = "version"
# The label that the request names, "" without one.
LABEL = "label"
SIGNATURE = "signature"
# The normalised id, or its hash; "" if the request has none.
USER_ID = "user_id"
# The fingerprint of the key with which user ids are hashed, "" if they are not.
USER_KEY = "user_key"
# The share of users that are logged.
SAMPLE = "sample"
# The number of ids in the history of the request, and the newest of them, oldest first.
HISTORY_LENGTH = "history_length"
HISTORY_ITEM_IDS = "history_item_ids"
# The number of items that the answer could have.
K = "k"
# The items of the answer and their scores, best first, without padding.
ITEM_IDS = "item_ids"
SCORES = "scores"
# A constant, so that an interaction log may have the column.
EVENT_TYPE = "event_type"
RECOMMENDED = "recommended"

# The signatures that are logged, each with the signature that sends queries of the same kind and
# of which the reference of a version has measurements.
SIGNATURES = {
    DEFAULT: DEFAULT,
    RECOMMEND: RECOMMEND,
    RECOMMEND_EXAMPLES: RECOMMEND,
}

# Only so many of the newest ids of a history are logged.
MAX_HISTORY_IDS = 200
