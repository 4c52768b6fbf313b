"""The console, served at `/`; nothing on it comes from another host."""

from similis.gateway.console._page import router

__all__ = ["router"]
