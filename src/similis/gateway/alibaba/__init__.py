"""The wire protocol of the cloud service, all four generations, and its upload flow."""

from similis.gateway.alibaba._router import routes
from similis.gateway.alibaba._target import OriginForm

__all__ = ["OriginForm", "routes"]
