"""A client of a served model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from pipeline.serving.client.errors import InvalidRequestError
from pipeline.serving.client.joined_requests import joined_inputs
from pipeline.serving.client.recommend_inputs import Bounds, Event, Request
from pipeline.serving.client.retries import Clock, Deadline, RetryPolicy
from pipeline.serving.client.signature import Arrays, Metadata, Signature, as_arrays
from pipeline.serving.client.transport import Transport
from pipeline.serving.version_status import VersionStatus
from schemas.errors import InputError
from schemas.features import ITEM_ID
from schemas.serving import (
    OUTPUT_ITEM_ID,
    OUTPUT_SCORE,
    PADDING_ITEM_ID,
    RECOMMEND,
    SIMILAR_ITEMS,
)

T = TypeVar("T")

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Item:
    """A recommended or similar item.

    Attributes:
      item_id: Id of the item.
      score: Similarity of the item and the query.
    """

    item_id: str
    score: float


class Client:
    """Calls the signatures of a served model; several threads may use one client.

    Every method takes `timeout_s`, the time for all attempts in seconds, by default that of the
    client, and raises a `ServingError` if the server does not answer.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        timeout_s: float = TIMEOUT_S,
        retries: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Sends nothing yet. `connect` creates the transport of an address.

        Args:
          transport: Sends requests.
          timeout_s: How long a call may take, with all its attempts.
          retries: How often a request is attempted; by default that of `RetryPolicy()`.
          clock: Time, which tests replace.
        """
        self._transport = transport
        self._address = str(transport.address)
        self._timeout_s = timeout_s
        self._retries = retries or RetryPolicy()
        self._clock = clock or Clock()
        self._metadata: Metadata | None = None

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def recommend(
        self,
        *,
        user_id: str = "",
        history: Sequence[Event] = (),
        k: int | None = None,
        exclude: Sequence[str] = (),
        restrict: Sequence[str] | None = None,
        filters: Mapping[str, Sequence[str]] | None = None,
        bounds: Mapping[str, Bounds] | None = None,
        boosts: Mapping[str, float] | None = None,
        features: Mapping[str, Any] | None = None,
        timestamp: int | None = None,
        timeout_s: float | None = None,
    ) -> list[Item]:
        """Returns the best items for a user, by the signature `recommend`.

        Args:
          user_id: Id of the user; it may be unknown to the model.
          history: Events of the user, oldest first: item ids, or mappings from `item_id`,
            `timestamp` (seconds since the epoch, UTC), `event_type`, `value` and context features
            to values.
          k: Number of items; by default that of the model, whose `index.max_k` is the limit.
          exclude: Ids of further items that are not recommended.
          restrict: Ids of the only items that may be recommended; None for all.
          filters: For category features of the items, the values of which an item must have one.
          bounds: For numbers and times of the items, the lowest and the highest value; None for no
            bound.
          boosts: For numbers and times of the items, the weight of the standardised value.
          features: Features of the user and of the context of the request, by name.
          timestamp: Time of the request, in seconds since the epoch, UTC.
          timeout_s: How long the call may take, with all its attempts.

        Raises:
          ServingError: The server does not answer, or refuses the request.
          InputError: The model has no such feature, filter or column of the history.
        """
        request = Request(
            user_id=user_id,
            history=history,
            k=k,
            exclude=exclude,
            restrict=restrict,
            filters=filters or {},
            bounds=bounds or {},
            boosts=boosts or {},
            features=features or {},
            timestamp=timestamp,
        )
        (items,) = self.recommend_all([request], timeout_s=timeout_s)
        return items

    def recommend_all(
        self, requests: Sequence[Request], *, timeout_s: float | None = None
    ) -> list[list[Item]]:
        """Returns the best items of each request, in one call of the signature `recommend`.

        Args:
          requests: The requests, with the arguments of `recommend` as attributes.
          timeout_s: How long the call may take, with all its attempts.

        Raises:
          ServingError: The server does not answer, or refuses the requests.
          InputError: The model has no such feature, filter or column of the history.
        """
        if not requests:
            return []
        outputs = self._predict(
            RECOMMEND, lambda signature: joined_inputs(requests, signature), timeout_s
        )
        return _item_lists(outputs)

    def similar_items(
        self, item_ids: Sequence[str], *, timeout_s: float | None = None
    ) -> list[list[Item]]:
        """Returns the most similar items of each item; none for unknown ids."""
        if not item_ids:
            return []
        return _item_lists(
            self.predict(SIMILAR_ITEMS, {ITEM_ID: list(item_ids)}, timeout_s=timeout_s)
        )

    def predict(
        self, signature: str, inputs: Mapping[str, Any], *, timeout_s: float | None = None
    ) -> Arrays:
        """Returns the outputs of any signature.

        Args:
          signature: Its name.
          inputs: Every input by name, as nested lists or arrays; the first dimension is the row.
          timeout_s: How long the call may take, with all its attempts.

        Returns:
          Each output as an array; texts are str in object arrays.

        Raises:
          ServingError: The server does not answer, or refuses the request.
          InputError: The inputs do not match the signature.
        """
        return self._predict(signature, lambda _: inputs, timeout_s)

    def metadata(self, *, timeout_s: float | None = None) -> Metadata:
        """Returns the version that answers and its signatures."""
        return self._fetch_metadata(self._deadline(timeout_s))

    def status(self, *, timeout_s: float | None = None) -> Mapping[int, VersionStatus]:
        """Returns the status of each version."""
        return self._call(self._transport.status, self._deadline(timeout_s))

    def _predict(
        self,
        name: str,
        inputs_for: Callable[[Signature], Mapping[str, Any]],
        timeout_s: float | None,
    ) -> Arrays:
        """Calls a signature.

        The metadata is fetched once. The server may load a version with other inputs later, so a
        request that does not match is sent again if new metadata differs.
        """
        deadline = self._deadline(timeout_s)
        known = self._metadata
        if known is None:
            return self._send(name, inputs_for, self._fetch_metadata(deadline), deadline)
        try:
            return self._send(name, inputs_for, known, deadline)
        except (InputError, InvalidRequestError):
            newest = self._fetch_metadata(deadline)
            if newest.signatures == known.signatures:
                raise
        return self._send(name, inputs_for, newest, deadline)

    def _send(
        self,
        name: str,
        inputs_for: Callable[[Signature], Mapping[str, Any]],
        metadata: Metadata,
        deadline: Deadline,
    ) -> Arrays:
        signature = metadata.signatures.get(name)
        if signature is None:
            raise InputError(
                f"{self._address}: version {metadata.version} has no signature {name!r}; it has "
                f"{', '.join(metadata.signatures)}"
            )
        arrays = as_arrays(inputs_for(signature), signature)
        return self._call(
            lambda left_s: self._transport.predict(name, signature, arrays, left_s), deadline
        )

    def _fetch_metadata(self, deadline: Deadline) -> Metadata:
        self._metadata = metadata = self._call(self._transport.metadata, deadline)
        return metadata

    def _deadline(self, timeout_s: float | None) -> Deadline:
        return Deadline(self._timeout_s if timeout_s is None else timeout_s, self._clock)

    def _call(self, attempt: Callable[[float], T], deadline: Deadline) -> T:
        return deadline.call(attempt, self._retries, self._address)


def _item_lists(outputs: Arrays) -> list[list[Item]]:
    """Returns the items of each row, without padding."""
    rows = zip(outputs[OUTPUT_ITEM_ID].tolist(), outputs[OUTPUT_SCORE].tolist(), strict=True)
    return [
        [
            Item(item_id, score)
            for item_id, score in zip(ids, scores, strict=True)
            if item_id != PADDING_ITEM_ID
        ]
        for ids, scores in rows
    ]
