"""The service's own figures as families of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from similis.gateway._operation_counts import UNNAMED
from similis.service import Figures, InstanceFigures

Shown = Callable[[str], bool]

_SIZES: Mapping[str, tuple[str, Callable[[InstanceFigures], int | None]]] = {
    "similis_instance_pictures": ("Pictures of an instance.", lambda each: each.pictures),
    "similis_instance_capacity": ("Pictures that an instance may have.", lambda each: each.capacity),
    "similis_index_rows": ("Pictures in an index that is open in this process.", lambda each: each.index_rows),
    "similis_index_bytes": ("Bytes of the files of an index.", lambda each: each.index_bytes),
}


def families(figures: Figures, shown: Shown) -> Iterator[Metric]:
    """The families of some figures; instances that are not shown are added up."""
    queue = GaugeMetricFamily(
        "similis_queue_pictures", "Pictures that are analysed, and that wait for it.", labels=("state",)
    )
    queue.add_metric(("running",), figures.running)
    queue.add_metric(("waiting",), figures.waiting)
    yield queue
    yield GaugeMetricFamily("similis_queue_room", "How many may wait.", figures.room)
    yield GaugeMetricFamily("similis_models_loaded", "Models in memory.", len(figures.models))
    read = figures.instances is not None
    yield GaugeMetricFamily("similis_catalogue_up", "Whether the catalogue could be read.", read)
    if figures.instances is not None:
        yield from _sizes(figures.instances, shown)
    if figures.tasks is not None:
        tasks = GaugeMetricFamily(
            "similis_tasks", "Imports, rebuilds, exports and changes of key.", labels=("kind", "state")
        )
        for (kind, state), count in sorted(figures.tasks.items()):
            tasks.add_metric((kind, state), count)
        yield tasks


def _sizes(instances: Mapping[str, InstanceFigures], shown: Shown) -> Iterator[Metric]:
    yield GaugeMetricFamily("similis_instances", "How many instances there are.", len(instances))
    for name, (text, size) in _SIZES.items():
        sums: dict[str, int] = {}
        for instance, figures in instances.items():
            if (value := size(figures)) is not None:
                label = instance if shown(instance) else UNNAMED
                sums[label] = sums.get(label, 0) + value
        family = GaugeMetricFamily(name, text, labels=("instance_name",))
        for label, value in sorted(sums.items()):
            family.add_metric((label,), value)
        yield family
