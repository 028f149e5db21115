"""The page, its files and the requests that it sends."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.explorer import answers
from pipeline.explorer.bodies import (
    MAX_HISTORY,
    MAX_ID,
    Body,
    ExplainBody,
    RecommendBody,
    SimilarBody,
    parse_body,
)
from pipeline.explorer.guard import guard
from pipeline.explorer.models import Models
from pipeline.explorer.run_data import RunData
from pipeline.serving.http_body import read_body
from pipeline.serving.request_error import invalid

T = TypeVar("T")
_FOLDER = Path(__file__).parent
_MAX_BODY_BYTES = 1024 * 1024
_BODY_SECONDS = 10.0
_NUM_ITEMS_FOUND = 20
_NUM_USERS_FOUND = 10


class Explorer:
    """Handles the requests of the page."""

    def __init__(self, run: RunData, models: Models) -> None:
        """Takes the items and users of the run, and the models."""
        self._run = run
        self._models = models
        environment = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self._page = environment.get_template("explorer.html.j2")

    def application(self) -> web.Application:
        """Returns the application with all paths."""
        app = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=[guard])
        app.router.add_get("/", self._show_page)
        app.router.add_static("/static", _FOLDER / "static")
        app.router.add_get("/api/page", self._page_data)
        app.router.add_get("/api/users", self._users)
        app.router.add_get("/api/history", self._history)
        app.router.add_get("/api/items", self._items)
        app.router.add_post("/api/recommend", self._recommend)
        app.router.add_post("/api/similar", self._similar)
        app.router.add_post("/api/explain", self._explain)
        return app

    async def _show_page(self, request: web.Request) -> web.Response:
        text = self._page.render(name=self._run.name)
        return web.Response(text=text, content_type="text/html")

    async def _page_data(self, request: web.Request) -> web.Response:
        models = [
            {"key": choice.key, "title": choice.title}
            for choice in await _in_thread(self._models.listed)
        ]
        return web.json_response({**self._run.page_data(), "models": models})

    async def _users(self, request: web.Request) -> web.Response:
        """Answers with users whose id begins with the query."""
        prefix = self._run.normalised(_query(request))
        return web.json_response({"users": self._run.users.search(prefix, _NUM_USERS_FOUND)})

    async def _history(self, request: web.Request) -> web.Response:
        """Answers with the events of a user, oldest first; null if the run has none."""
        user = self._run.normalised(_query(request))
        events = await _in_thread(lambda: self._run.users.history(user))
        if events is None:
            return web.json_response({"user": user, "events": None})
        described = [
            {**event, "item": self._run.catalogue.describe(event["item_id"])}
            for event in events[-MAX_HISTORY:]
        ]
        return web.json_response({"user": user, "events": described})

    async def _items(self, request: web.Request) -> web.Response:
        """Answers with items whose title or id contains all words of the query."""
        catalogue, query = self._run.catalogue, _query(request)
        found = await _in_thread(lambda: catalogue.search(query, _NUM_ITEMS_FOUND))
        return web.json_response({"items": [catalogue.describe(item) for item in found]})

    async def _recommend(self, request: web.Request) -> web.Response:
        body = await _parsed(request, RecommendBody)
        answer = await self._models.call(
            body.model,
            lambda client: answers.recommendations(
                client, body.request(), self._run.catalogue, self._run.max_k
            ),
        )
        return web.json_response(answer)

    async def _similar(self, request: web.Request) -> web.Response:
        body = await _parsed(request, SimilarBody)
        answer = await self._models.call(
            body.model,
            lambda client: answers.neighbours(client, body.item_id, self._run.catalogue),
        )
        return web.json_response(answer)

    async def _explain(self, request: web.Request) -> web.Response:
        body = await _parsed(request, ExplainBody)
        answer = await self._models.call(
            body.model,
            lambda client: answers.explanation(
                client,
                body.request(),
                body.item_id,
                body.shown,
                self._run.catalogue,
                self._run.max_history,
            ),
        )
        return web.json_response(answer)


def _query(request: web.Request) -> str:
    """Returns the parameter `q` of a request.

    Raises:
      RequestError: It is missing or too long.
    """
    query = request.query.get("q")
    if query is None or len(query) > MAX_ID:
        raise invalid(f"q: expected a text of at most {MAX_ID} characters")
    return query


async def _parsed(request: web.Request, kind: type[Body]) -> Body:
    return parse_body(await read_body(request, _BODY_SECONDS), kind)


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)
