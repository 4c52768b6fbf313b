"""Puts the gateway together: middleware, error answers, REST interface, console and the pages of the operator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from similis.domain import Unavailable
from similis.gateway import alibaba, console, rest
from similis.gateway._audit import Audit
from similis.gateway._body import BodyLimit
from similis.gateway._errors import add_error_handlers
from similis.gateway._metrics import Metrics
from similis.gateway._observe import Observe
from similis.gateway._quotas import Quotas
from similis.gateway._readers import shown_to
from similis.gateway._traces import open_tracing
from similis.gateway.alibaba._upload_routes import add_upload_flow
from similis.service import App

# Calls with a picture hold a thread while they wait for their turn; so many light calls find another one meanwhile.
LIGHT_CALLS = 128

_DESCRIPTION = (
    "Self-hosted image search. Every call under /api/v1 needs an access key: Authorization: Bearer ID:SECRET. "
    "Every error has the form {code, message, hint, request_id}. Pictures are never stored."
)


def create_asgi(app: App, tls_port: int | None = None) -> FastAPI:
    """Return the ASGI application that serves `app`; the caller closes `app` afterwards.

    Args:
        app: what to serve.
        tls_port: the port on which the server listens for TLS, if it does; SDKs are sent there with their uploads.
    """
    metrics, tracing = Metrics(app.figures), open_tracing(app.settings.otlp_endpoint)
    api = FastAPI(
        title="Similis REST API",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        middleware=[
            Middleware(Observe, metrics=metrics, tracing=tracing),
            Middleware(BodyLimit),
            Middleware(alibaba.OriginForm),
            Middleware(Audit, service=app, actions={**rest.AUDIT_ACTIONS, **console.AUDIT_ACTIONS}),
        ],
    )
    api.state.service = app
    api.state.metrics = metrics
    api.state.tracing = tracing
    api.state.quotas = Quotas(app)
    api.state.sign_in_throttle = console.SignInThrottle()
    api.state.leaving = False
    add_error_handlers(api)
    add_upload_flow(api, app.settings, tls_port)
    api.include_router(rest.router)
    api.include_router(_operator)
    api.include_router(alibaba.files)
    api.router.routes.extend(alibaba.routes)
    api.include_router(console.router)
    return api


def begin_leaving(api: FastAPI) -> None:
    """Be not ready from now on, so that load balancers send nothing new; all calls are answered as before."""
    api.state.leaving = True


@asynccontextmanager
async def _lifespan(api: FastAPI) -> AsyncIterator[None]:
    service: App = api.state.service
    turns = service.analyst.turns
    current_default_thread_limiter().total_tokens = turns.slots + turns.room + LIGHT_CALLS
    service.transfers.begin(
        lambda: service.callbacks.send_due(partial(alibaba.increment, service)), service.retention.tidy
    )
    yield
    await run_in_threadpool(service.transfers.end)
    if api.state.tracing is not None:
        await run_in_threadpool(api.state.tracing.close)


_operator = APIRouter(include_in_schema=False)


@_operator.get("/healthz")
async def healthz() -> PlainTextResponse:
    """Whether the process is alive."""
    return PlainTextResponse("ok\n")


@_operator.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """Whether pictures can be taken now: the catalogue answers, the models are loaded, the process does not end."""
    if request.app.state.leaving:
        raise Unavailable("The service is ending.", "Call another gateway, or this one when it runs again.")
    if not request.app.state.service.ready():
        raise Unavailable("The models are not loaded yet.", "Wait a few seconds and ask again.")
    return JSONResponse({"ready": True})


@_operator.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures for Prometheus; they name the instances that the caller's access key reaches."""
    figures: Metrics = request.app.state.metrics
    text, media_type = figures.exposition(request.headers.get("accept", ""), shown_to(request))
    return Response(text, media_type=media_type)


@_operator.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The REST interface, described."""
    schema: dict[str, Any] = request.app.openapi()
    return HTMLResponse(rest.docs_page(schema))
