"""The HTTP gateway: REST interface, console, limits and figures in front of one `App`."""

from similis.domain import MAX_BODY
from similis.gateway._asgi import create_asgi
from similis.gateway._logs import set_up_logs
from similis.gateway._server import Tls, serve

__all__ = ["MAX_BODY", "Tls", "create_asgi", "serve", "set_up_logs"]
