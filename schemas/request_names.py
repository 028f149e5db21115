"""Names of the inputs of requests; those of features are a prefix, the name and maybe a suffix.

`schemas.features` needs them to check the names of features. Other modules take them from
`schemas.serving`.
"""

HISTORY_PREFIX = "history_"
FILTER_PREFIX = "filter_"
MIN_SUFFIX, MAX_SUFFIX = "_min", "_max"
BOOST_PREFIX = "boost_"
REQUEST_TIMESTAMP = "request_timestamp"
EXCLUDE_ITEM_ID = "exclude_item_id"
RESTRICT_ITEM_ID = "restrict_item_id"
K = "k"
