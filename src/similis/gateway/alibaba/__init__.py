"""The wire protocol of the cloud service, all four generations, and its upload flow."""

from similis.gateway.alibaba._router import routes
from similis.gateway.alibaba._target import OriginForm
from similis.gateway.alibaba._task_files import router as files
from similis.gateway.alibaba._tasks import increment

__all__ = ["OriginForm", "files", "increment", "routes"]
