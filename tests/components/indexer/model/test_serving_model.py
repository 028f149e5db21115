"""The served model before it is saved: options, signatures and the smallest catalogue."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.indexer.model.sample_requests import to_examples
from components.indexer.search.retrieval import Search
from schemas import serving, serving_specs
from schemas.id_settings import IdsSettings
from schemas.settings import from_dict
from tests.serving import oracle
from tests.serving.in_memory import call, model_of, signatures_of
from tests.serving.requests import recommend_request
from tests.serving.shop import make_shop


@pytest.mark.parametrize("repeat", ["exclude", "allow"])
def test_history_is_returned_only_if_repeats_are_allowed(tmp_path: Path, repeat: str) -> None:
    shop = make_shop(str(tmp_path), 6, repeat=repeat)
    signatures = signatures_of(shop)
    history = ["item1", "item2"]
    request = recommend_request(shop, [history], exclude=[["item3"]], k=6)
    for signature, inputs in (
        (serving.RECOMMEND, request),
        (serving.DEFAULT, {name: request[name] for name in serving_specs.default_specs()}),
    ):
        k = 6 if signature == serving.RECOMMEND else 4
        expected_request = {**request, "k": np.array([k], np.int32)}
        if signature == serving.DEFAULT:
            expected_request["exclude_item_id"] = np.array([[b""]], object)
        ids, _ = oracle.recommend(shop, expected_request, 0, k, k)
        found = [item for item in call(signatures[signature], inputs)["item_id"][0] if item]
        assert found == ids
    returned = set(call(signatures[serving.RECOMMEND], request)["item_id"][0])
    assert b"item3" not in returned
    assert ({b"item1", b"item2"} <= returned) == (repeat == "allow")


def test_each_kind_of_query_has_its_own_search(tmp_path: Path) -> None:
    shop = make_shop(str(tmp_path), 20)

    def only(row: int) -> Search:
        """A search that finds one item."""

        def search(queries: tf.Tensor, num_neighbors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            shape = [tf.shape(queries)[0], 1]
            return tf.fill(shape, row), tf.fill(shape, 1e6)

        return search

    signatures = signatures_of(
        shop,
        k=1,
        search=lambda _: only(5),
        others={serving.DEFAULT: only(6), serving.SIMILAR_ITEMS: only(7)},
    )
    request = recommend_request(shop, [["item1"]], k=1)
    default = {name: request[name] for name in serving_specs.default_specs()}
    examples = {serving.EXAMPLES: to_examples(request)}
    item = {"item_id": np.array([b"item1"], object)}
    for signature, inputs, expected in (
        (serving.RECOMMEND, request, b"item5"),
        (serving.RECOMMEND_EXAMPLES, examples, b"item5"),
        (serving.DEFAULT, default, b"item6"),
        (serving.SIMILAR_ITEMS, item, b"item7"),
    ):
        assert list(call(signatures[signature], inputs)["item_id"][0]) == [expected]


def test_catalogue_of_one_item(tmp_path: Path) -> None:
    shop = make_shop(str(tmp_path), 1)
    signatures = signatures_of(shop)
    fresh = call(signatures[serving.RECOMMEND], recommend_request(shop, [[]], k=3))
    seen = call(signatures[serving.RECOMMEND], recommend_request(shop, [["item0"]], k=3))
    similar = call(signatures[serving.SIMILAR_ITEMS], {"item_id": np.array([b"item0"], object)})
    assert list(fresh["item_id"][0]) == [b"item0", b"", b""]
    assert list(seen["item_id"][0]) == [b"", b"", b""]
    assert set(similar["item_id"][0]) == {b""}
    for answer in (fresh, seen, similar):
        assert np.isfinite(answer["score"]).all()


def test_signatures_have_inputs_and_outputs_of_the_contract(tmp_path: Path) -> None:
    shop = make_shop(str(tmp_path), 3)
    specs = {
        serving.DEFAULT: serving_specs.default_specs(),
        serving.RECOMMEND: serving_specs.recommend_specs(shop.table),
        serving.RECOMMEND_EXAMPLES: serving_specs.examples_specs(),
        serving.SIMILAR_ITEMS: serving_specs.similar_specs(),
        serving.QUERY_EMBEDDING: serving_specs.query_specs(shop.table),
        serving.CANDIDATE_EMBEDDING: serving_specs.candidate_specs(shop.table),
    }
    signatures = model_of(shop).signatures()
    assert set(signatures) == set(serving.SIGNATURES) == set(specs)
    for name, signature in signatures.items():
        inputs = signature.structured_input_signature[1]
        assert {key: (spec.dtype, spec.shape.rank) for key, spec in inputs.items()} == {
            spec.name: (spec.dtype, spec.shape.rank) for spec in specs[name].values()
        }
        is_embedding = name in (serving.QUERY_EMBEDDING, serving.CANDIDATE_EMBEDDING)
        expected = {"embedding"} if is_embedding else {"item_id", "score"}
        assert set(signature.structured_outputs) == expected


def test_embeddings_are_not_gathered_from_the_variable(tmp_path: Path) -> None:
    # Otherwise every later search copies the whole table: 15 ms instead of 1 at 60,000 × 256.
    signature = model_of(make_shop(str(tmp_path), 3)).signatures()[serving.SIMILAR_ITEMS]
    graph = signature.graph.as_graph_def()
    functions = [function.node_def for function in graph.library.function]
    nodes = [node for nodes in (graph.node, *functions) for node in nodes]
    gathered = [node for node in nodes if node.op == "ResourceGather"]
    assert {node.attr["dtype"].type for node in gathered} == {tf.string.as_datatype_enum}


def test_ids_of_requests_are_normalised(tmp_path: Path) -> None:
    """Every signature answers another spelling of the ids as it answers the ids themselves."""
    shop = make_shop(str(tmp_path), 20)
    ids = from_dict(IdsSettings, {"normalise": ["trim", "unicode", "case"]})
    plain = signatures_of(shop)
    normalised = signatures_of(replace(shop, data=replace(shop.data, ids=ids)))
    written, other = (
        {
            serving.RECOMMEND: recommend_request(
                shop, [[form.format(1), form.format(2)]], [user], exclude=[[form.format(3)]], k=5
            ),
            serving.SIMILAR_ITEMS: {"item_id": np.array([form.format(4).encode()], object)},
        }
        for form, user in (("item{}", "user0"), (" ITEM{}\u200b", "USER0"))
    )
    for requests in (written, other):
        request = requests[serving.RECOMMEND]
        names = serving_specs.default_specs()
        requests[serving.DEFAULT] = {name: request[name] for name in names}
        requests[serving.RECOMMEND_EXAMPLES] = {serving.EXAMPLES: to_examples(request)}
        names = serving_specs.query_specs(shop.table)
        requests[serving.QUERY_EMBEDDING] = {name: request[name] for name in names}
    for name, request in written.items():
        expected = call(plain[name], request)
        for signature, inputs in ((normalised, request), (normalised, other[name])):
            for output, values in call(signature[name], inputs).items():
                np.testing.assert_array_equal(values, expected[output], f"{name} {output}")
    for listed, expected_ids in (("  ", set()), (" ITEM5 ", {b"item5"})):
        request = recommend_request(shop, [[]], restrict=[[listed]], k=5)
        answer = call(normalised[serving.RECOMMEND], request)["item_id"][0]
        assert {item for item in answer if item} == expected_ids
    unknown = call(plain[serving.SIMILAR_ITEMS], other[serving.SIMILAR_ITEMS])
    assert not any(unknown["item_id"][0])
