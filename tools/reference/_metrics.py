"""The page of metrics, from what `/metrics` answers."""

from __future__ import annotations

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from tools.reference._markdown import described, table, written

from similis.gateway._metrics import Metrics

_HEAD = """# Metrics

This page is made from the code by `make reference`.

`/metrics` answers in the text format of Prometheus and asks for no key: do not let strangers reach it. Labels name no
instance, no product and no key; routes appear as templates, such as `/api/v1/instances/{name}/search`. Each gateway
counts for itself, from its start."""
_EXAMPLES = """Useful with them:

* calls a second: `sum(rate(similis_requests_total[5m]))`
* share of failed calls:
  `sum(rate(similis_requests_total{status=~"5.."}[5m])) / sum(rate(similis_requests_total[5m]))`
* the time within which 95 of 100 searches are answered:
  `histogram_quantile(0.95, sum by (le) (rate(similis_request_seconds_bucket{route=~".*/search"}[5m])))`"""


def page() -> str:
    """The whole page."""
    metrics = Metrics()
    metrics.count("GET", "/healthz", 200, 0.01)  # without a sample labels would not show
    families = list(text_string_to_metric_families(metrics.text().decode()))
    names = {family.name for family in families}
    wanted = [each for each in families if each.name.removesuffix("_created") not in names - {each.name}]
    return written([_HEAD, *table(("metric", "kind", "labels", ""), map(_row, wanted)), _EXAMPLES])


def _row(family: Metric) -> tuple[str, str, str, str]:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in family.samples[0].labels if label != "le")
    return f"`{name}`", family.type, labels, described(name, family.documentation)
