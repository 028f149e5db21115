import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from pipeline.serving.http_body import read_body


@pytest.mark.parametrize(("seconds", "status"), [(0, 408), (60, 200)])
def test_a_body_that_does_not_arrive_in_time_ends_the_request(seconds: int, status: int) -> None:
    started = asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        started.set()
        return web.Response(body=await read_body(request, seconds))

    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await started.wait()
        yield b" second"

    async def main() -> tuple[int, bytes]:
        app = web.Application()
        app.router.add_post("/", handle)
        async with TestClient(TestServer(app)) as client:
            answer = await client.post("/", data=body())
            return answer.status, await answer.read()

    found, content = asyncio.run(main())
    assert found == status
    if status == 200:
        assert content == b"first second"
