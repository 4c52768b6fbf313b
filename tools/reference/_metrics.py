"""The page of metrics, from what `/metrics` answers."""

from __future__ import annotations

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from tools.reference._markdown import described, table, written

from similis.domain import AuditAction, TaskKind, TaskStatus
from similis.gateway._audit import AuditEntry
from similis.gateway._errors import MalformedRequest
from similis.gateway._metrics import Metrics
from similis.gateway._watch import Watch
from similis.service import Figures, InstanceFigures

_HEAD = """# Metrics

This page is made from the code by `make reference`.

`/metrics` answers in the text format of Prometheus, or as OpenMetrics where that is accepted, and asks for no key: do
not let strangers reach it. Routes appear as templates, such as `/api/v1/instances/{name}/search`; nothing names a
product or a key. Each gateway counts for itself, from its start. `similis_instance_pictures`, `similis_tasks` and the
like tell what is in the catalogue, so that gateways that share one tell the same.

The label `instance_name` is empty, which stands for all instances together, unless the request shows an access key
(`Authorization: Bearer ID:SECRET`): then it names the instances that the key reaches. With
`SIMILIS_METRICS_INSTANCES=true` it names all of them to everybody.
[Observing](../observing.md) shows how to set Prometheus and Grafana up."""
_EXAMPLES = """Useful with them:

* calls a second: `sum(rate(similis_requests_total[5m]))`
* share of failed calls:
  `sum(rate(similis_requests_total{status=~"5.."}[5m])) / sum(rate(similis_requests_total[5m]))`
* the time within which 95 of 100 searches are answered:
  `histogram_quantile(0.95, sum by (le) (rate(similis_request_seconds_bucket{route=~".*/search"}[5m])))`"""


def page() -> str:
    """The whole page."""
    families = list(text_string_to_metric_families(example().decode()))
    names = {family.name for family in families}
    wanted = [each for each in families if each.name.removesuffix("_created") not in names - {each.name}]
    return written([_HEAD, *table(("metric", "kind", "labels", ""), map(_row, wanted)), _EXAMPLES])


def example() -> bytes:
    """An answer of `/metrics` with a sample of everything, for without one labels would not show."""
    instances = {"shop": InstanceFigures(1, 10, 1, 0)}
    tasks = {(TaskKind.IMPORT, TaskStatus.SUCCESS): 1}
    metrics = Metrics(lambda: Figures(0, 0, 1, ("features",), instances, tasks))
    watch = Watch({"method": "GET", "state": {"audit": AuditEntry(AuditAction.PICTURE_SEARCH, instance="shop")}})
    watch.stage("decode", 0.01)
    metrics.count(watch)
    metrics.refuse(MalformedRequest.code)
    return metrics.exposition().text


def _row(family: Metric) -> tuple[str, str, str, str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in family.samples[0].labels if label != "le")
    return f"`{name}`", family.type, labels, described(name, family.documentation)
