"""A client of the live stream with PyPI websockets: watch.py URL TOKEN TOPIC COUNT prints so many messages as JSON lines."""

import asyncio
import base64
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

url, token, topic, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])


async def watch(**how):
    async with connect(url, subprotocols=how.pop("subprotocols"), **how) as socket:
        print(json.dumps({"subprotocol": socket.subprotocol}))
        await socket.send(json.dumps({"subscribe": topic, "id": "python"}))
        pong = await socket.ping()
        await pong
        for _ in range(count):
            print(await socket.recv(), flush=True)
        # In fragments, with another scope in it: the server puts them together, and says goodbye.
        await socket.send(['{"ping":1,', '"scope":"another"}'])
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            print(json.dumps({"code": closed.rcvd.code}))


async def main():
    bearer = "bearer." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    await watch(subprotocols=["periscope.v1", bearer])
    try:
        await watch(subprotocols=["periscope.v1"])
    except InvalidStatus as refused:
        print(json.dumps({"status": refused.response.status_code}))


asyncio.run(main())
