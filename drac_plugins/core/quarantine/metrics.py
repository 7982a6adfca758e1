"""The figures of the ingester for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from drac_plugins.core.quarantine.figures import Progress, progress
from drac_plugins.core.storage import Store

CONTENT_TYPE: str = CONTENT_TYPE_LATEST


def exposition(store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> bytes:
    """The text that Prometheus reads, of this moment. Raises Unavailable when the store does not answer."""
    with store.read() as connection:
        found = progress(connection, now())
    registry = CollectorRegistry()
    registry.register(_Figures(found))
    return generate_latest(registry)


class _Figures:
    def __init__(self, found: Progress) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        found, counters = self._found, self._found.counters
        yield _family("drac_ingest_messages", "Messages in the inbox", "state", counters.states)
        yield _family("drac_ingest_quarantined", "Messages in quarantine", "reason", counters.quarantined)
        yield _family("drac_ingest_stages", "Later stages of datasets that are to be done", "stage", counters.stages)
        lags = found.stage_lag_seconds
        yield _family("drac_ingest_stage_lag_seconds", "How long the most urgent stage is overdue", "stage", lags)
        yield _one("drac_ingest_lag_seconds", "Age of the oldest message that is not finished", found.lag_seconds)
        yield _one("drac_ingest_repetitions", "Times that a known message was sent again", counters.repetitions)
        yield _one("drac_ingest_pending_links", "Declared inputs that are not registered", found.pending_links)
        text = "Declared inputs that have not been registered for more than a week"
        yield _one("drac_ingest_old_pending_links", text, found.old_pending_links)
        yield _family("drac_ingest_alarms", "What somebody should look at", "kind", found.raised)
        for name in ("arrived", "finished"):
            values = {rate.window.replace(" ", ""): float(getattr(rate, name)) for rate in found.rates}
            yield _family(f"drac_ingest_{name}", f"Messages that {name} within the window", "window", values)


def _one(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _family(name: str, text: str, label: str, values: object) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    if isinstance(values, dict):
        for key, value in sorted(values.items()):
            family.add_metric([str(key)], value)
    return family
