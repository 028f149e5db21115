"""Names and sizes of the transformed features, which Transform and the trainer share.

By kind: a `category` becomes `<key>` int64, an index into the vocabulary `<key>` with the
out-of-vocabulary index last. `categories` and `text` become sparse int64 indices of the same kind.
A `number` becomes `<key>` float32, standardised, cut at ten deviations and 0 where missing, and
`<key>.bucket` int64, its quantile bucket, NUM_BUCKETS where missing. A feature of kind
`timestamp` is transformed like a number, its days since the epoch. `user_id`, `item_id`, an event's
`timestamp`, `is_target` and `available_at` pass through: the trainer maps ids to rows by string, so
that an item outside the vocabulary still has its content, and a later training can add rows. The
vocabularies `user_id` and `item_id` are computed for their counts.
"""

from schemas.features import EVENT_TYPE, ITEM_ID, USER_ID

NUM_BUCKETS = 10
TEXT_VOCABULARY_SIZE = 20_000
CATEGORY_VOCABULARY_SIZE = 100_000

# Format of vocabularies that the model looks up: TensorFlow cannot re-export a table that was
# initialised from TFRecords. A string with a line break has no entry and is out of vocabulary.
VOCABULARY_FORMAT = "text"
# Format of vocabularies with counts, which are only read: entries may be any bytes.
COUNTS_FORMAT = "tfrecord_gzip"

# The state of an event as negative feedback (`components.negative_events`), if the settings define
# any. With a dot, which no key of a feature has.
IS_NEGATIVE = "event.is_negative"

USER_VOCABULARY = USER_ID
ITEM_VOCABULARY = ITEM_ID
EVENT_TYPE_VOCABULARY = EVENT_TYPE


def bucket_name(key: str) -> str:
    """The transformed feature that holds the quantile bucket of a number; equal to no key."""
    return key + ".bucket"
