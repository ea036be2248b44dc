"""What Prometheus is told: counts and distributions since the start, without persons or servers.

Read when it asks; nothing is kept here but what concerns HTTP itself. Names and labels:
https://prometheus.io/docs/practices/naming/.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bot.base.metrics import Distribution, Latencies, Metrics
from engine.executor import Executor
from engine.speech import Priority


class HttpFigures:
    """What came over HTTP since the start."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.first_audio = Latencies()

    def count(self, route: str, status: int) -> None:
        self.requests[route, status] += 1


class FigureCollector(Collector):
    """All of it as one collector of a registry of its own. `speaking` counts texts being spoken."""

    def __init__(
        self,
        metrics: Metrics,
        executor: Executor,
        http: HttpFigures,
        speaking: Callable[[], int],
    ) -> None:
        self._metrics = metrics
        self._executor = executor
        self._http = http
        self._speaking = speaking

    def collect(self) -> Iterator[Metric]:
        yield from self._engine()
        yield from self._speech()
        yield from self._over_http()

    def _engine(self) -> Iterator[Metric]:
        status = self._executor.status()
        engine = status.engine
        ready = status.state == "ready"
        yield _gauge("timbre_engine_up", "Whether a speech engine is ready (1) or not (0).", ready)
        info = GaugeMetricFamily(
            "timbre_engine_info",
            "The loaded speech engine; always 1.",
            labels=["engine", "model", "device", "precision"],
        )
        for one in map(engine.of, engine.models) if engine else ():
            info.add_metric([one.name, one.model, one.device, one.precision], 1)
        yield info
        waiting = GaugeMetricFamily(
            "timbre_queue_waiting", "Requests that were not begun yet.", labels=["class"]
        )
        for priority in Priority:
            waiting.add_metric([priority.name.lower()], status.waiting.get(priority, 0))
        yield waiting
        workers = GaugeMetricFamily(
            "timbre_workers", "Engine processes, and machines' workers, by state.", labels=["state"]
        )
        for state, count in Counter(worker.state for worker in status.workers).items():
            workers.add_metric([state], count)
        yield workers
        yield _gauge("timbre_queue_running", "Requests that the engine works on.", status.running)
        yield _counter(
            "timbre_worker_restarts", "Engine processes that were replaced.", status.restarts
        )
        yield _gauge(
            "timbre_worker_resident_bytes",
            "Memory of the engine's processes.",
            status.resident_bytes,
        )
        yield _gauge(
            "timbre_gpu_memory_bytes", "GPU memory that the engine holds.", status.gpu_bytes
        )

    def _speech(self) -> Iterator[Metric]:
        metrics = self._metrics
        engine = self._executor.status().engine
        model = ",".join(engine.models) if engine else ""
        yield _counter("timbre_utterances", "Texts that were spoken or begun.", metrics.utterances)
        lookups = CounterMetricFamily(
            "timbre_cache_lookups",
            "Pieces that were looked for among kept speech.",
            labels=["result"],
        )
        lookups.add_metric(["hit"], metrics.cache_hits)
        lookups.add_metric(["miss"], metrics.cache_misses)
        yield lookups
        yield _counter(
            "timbre_voice_gaps",
            "Times that an utterance fell silent in a voice channel because it was late.",
            metrics.voice_gaps,
        )
        sending = metrics.sending
        yield _gauge(
            "timbre_voice_sending", "Voice channels that packets are sent to.", sending.sending
        )
        yield _histogram(
            "timbre_voice_lateness_seconds",
            "How late packets left for voice channels.",
            sending.lateness,
        )
        yield _counter(
            "timbre_voice_stalls", "Transmissions that were given up: they blocked.", sending.stalls
        )
        yield _counter(
            "timbre_voice_refused", "Joins that were refused because it was full.", sending.refused
        )
        yield _histogram(
            "timbre_first_sound_seconds",
            "From a command to its first sound in the voice channel.",
            metrics.first_sound.since_start,
            model,
        )
        yield _histogram(
            "timbre_synthesis_seconds",
            "From a request to its speech, waiting included; what was kept is not counted.",
            metrics.synthesis.since_start,
            model,
        )
        yield _histogram(
            "timbre_real_time_factor",
            "That time over how long the speech plays.",
            metrics.real_time_factor,
            model,
        )
        yield _histogram(
            "timbre_loop_lag_seconds",
            "How late the event loop was.",
            metrics.loop_lag.since_start,
        )

    def _over_http(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "timbre_http_requests", "Requests over HTTP.", labels=["route", "status"]
        )
        for (route, status), count in self._http.requests.items():
            requests.add_metric([route, str(status)], count)
        yield requests
        yield _gauge("timbre_http_speaking", "Texts being spoken over HTTP.", self._speaking())
        yield _histogram(
            "timbre_http_first_audio_seconds",
            "From a request for speech over HTTP to its first bytes of sound.",
            self._http.first_audio.since_start,
        )


def registry_of(figures: FigureCollector) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return registry


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)


def _histogram(name: str, what: str, measured: Distribution, model: str | None = None) -> Metric:
    labels = {} if model is None else {"model": model}
    family = HistogramMetricFamily(name, what, labels=list(labels))
    bounds = [*map(str, measured.bounds), "+Inf"]
    buckets = list(zip(bounds, measured.cumulative, strict=True))
    family.add_metric(list(labels.values()), buckets, sum_value=measured.sum)
    return family
