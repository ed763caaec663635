"""The page on one address: Gradio inside an application that keeps it to this machine."""

import pathlib
import socket
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from affectjax.predict import face
from demo import answers, examples, page, runs

# The browser itself refuses whatever would be asked of another host. Gradio writes scripts into its
# page and compiles templates, hence 'unsafe-inline' and 'unsafe-eval'.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "content-security-policy": "; ".join(f"{k} {v}" for k, v in _POLICY.items()),
    "permissions-policy": "camera=(self), microphone=(self)",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Kept:
    """Adds HEADERS to every answer; refuses paths by which Gradio would fetch another address."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if "file=http" in scope.get("path", "") or "/proxy=" in scope.get("path", ""):
            await PlainTextResponse("nothing is fetched from elsewhere", 403)(scope, receive, send)
            return

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                have = [(k, v) for k, v in message["headers"] if k.decode().lower() not in HEADERS]
                message["headers"] = have + [(k.encode(), v.encode()) for k, v in HEADERS.items()]
            await send(message)

        await self.app(scope, receive, sent if scope["type"] == "http" else send)


def serve(
    found: Sequence[runs.Run], folder: pathlib.Path, taken: socket.socket, flags: Any
) -> None:
    """Answer on the socket until a signal; files lie in `folder`."""
    limits = answers.Limits(flags.max_seconds, flags.max_megabytes << 20)
    looks = any("frames" in run.predictor.needs for run in found)
    by = answers.Answerer(found, face.mtcnn() if looks else None, folder / "copies", limits)
    shown = examples.make(folder / "examples")
    blocks = page.build(partial(answers.answer, by), found, shown, limits)
    app = application(blocks, by, flags.host, taken.getsockname()[1])
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    print(f"open http://{flags.host}:{taken.getsockname()[1]} (Ctrl-C ends it)", flush=True)
    uvicorn.Server(config).run(sockets=[taken])


def application(blocks: gr.Blocks, by: answers.Answerer, host: str, port: int) -> FastAPI:
    """The page at /, copies to play at /copies/NAME."""
    own = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @own.get("/copies/{name}")
    def copies(name: str) -> Response:
        if name not in by.copies:
            return PlainTextResponse("this film is gone; give it again", 404)
        return FileResponse(
            by.folder / name, media_type="video/webm", headers={"cache-control": "no-store"}
        )

    own.add_middleware(Kept)
    # A site that lets its name lead to 127.0.0.1 must not read the page.
    hosts = ["*"] if host in ("0.0.0.0", "::") else ["127.0.0.1", "localhost", "[::1]", host]
    own.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    blocks.queue(max_size=16)
    return gr.mount_gradio_app(
        own,
        blocks,
        "/",
        server_name=host,
        server_port=port,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=by.limits.bytes,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        theme=page.theme(),
        css_paths=[page.HERE / "page.css"],
    )
