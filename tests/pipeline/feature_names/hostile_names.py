"""Names of features that could be taken for something else, and a strategy that draws names."""

import inspect
import keyword
import unicodedata
from types import ModuleType

from hypothesis import strategies as st

from components.catalogue_gen import item_table
from components.example_gen import event_table
from components.records import arrow_rows
from components.trainer.data import windows
from schemas import features, serving, serving_specs, transformed

_MODULES: tuple[ModuleType, ...] = (
    features,
    serving,
    transformed,
    windows,
    event_table,
    item_table,
    arrow_rows,
)
# Names of layers, scopes, datasets, arguments and outputs, which are no constants.
_SCOPES = [
    "gap",
    "hour",
    "day",
    "hidden",
    "output",
    "projection",
    "table",
    "linear",
    "mlp",
    "ids",
    "encoder",
    "items",
    "log_length",
    "of_history",
    "of_candidates",
    "item_features",
    "event_features",
    "request_features",
    "query_tower",
    "towers",
    "row",
    "weight",
    "inputs",
    "outputs",
    "training",
    "name",
    "args",
    "kwargs",
    "self",
    "function",
    "signature",
    "mask",
    "dtype",
    "shape",
    "batch",
    "rows",
    "offsets",
    "label",
    "labels",
    "index",
    "level",
    "place",
    "text",
    "price_bucket",
    "value_bucket",
    "trainer.row",
    "trainer.weight",
    "price.bucket",
    "context.device",
    "feature.age",
    "time_us",
    "event_id",
    "file",
    "line",
]
_OTHERS = (
    "größe",
    unicodedata.normalize("NFD", "größe"),
    "价格",
    "цена",
    "سعر",
    "🛒",
    "1st",
    "2024",
    "a b",
    "a.b",
    "a/b",
    "a/b/",
    "a:0",
    "a,b",
    "a'b",
    'a"b',
    "a|b",
    "a\\b",
    "^a",
    "-",
    "%s",
    "{}",
    "_x",
    "__class__",
    "Age",
    "AGE",
    "age",
    "User_ID",
    "price",
    "price_bucket",
    "price.bucket",
    "x" * 190,
    "x" * 300,
    "价" * 120,
    "select",
    "SELECT",
    "from",
    "where",
    "order by",
    "null",
    "NaN",
    "Const",
    "Placeholder",
    "serving_default",
    "StatefulPartitionedCall",
    "context.device",
    "users.value",
)


def internal_names() -> tuple[str, ...]:
    """Returns the names that the project itself uses for columns, inputs, layers and tables."""
    constants = {
        value
        for module in _MODULES
        for name, value in inspect.getmembers(module)
        if name.isupper() and isinstance(value, str) and value.strip()
    }
    inputs = {
        *serving_specs.recommend_specs(features.FeatureTable()),
        *serving_specs.candidate_as_of_specs(features.FeatureTable()),
    }
    return tuple(sorted(constants | inputs | set(_SCOPES)))


def hostile_names() -> tuple[str, ...]:
    """Returns the names that a property test draws from, without repeats."""
    return tuple(dict.fromkeys((*internal_names(), *_OTHERS, *keyword.kwlist)))


# Any text, and any text of characters with a meaning in a path, an expression or a scope.
NAME = st.one_of(
    st.sampled_from(hostile_names()),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=30),
    st.text("aA_0.1/:-é价 ", min_size=1, max_size=8),
    st.builds(
        "{}{}".format,
        st.sampled_from(("history_", "filter_", "exclude_", "_")),
        st.sampled_from(hostile_names()),
    ),
)
