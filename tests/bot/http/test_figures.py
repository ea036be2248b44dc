"""What Prometheus is told, and that rules and board ask for what there is."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.base.metrics import Distribution, Latencies
from data.store import Store
from engine.speech import Priority, SpeechRequest
from tests.bot.http.serving import Served, serving
from tests.bot.speech.tones import Tones

MONITORING = Path(__file__).parents[3] / "docs" / "monitoring"
_NAME = re.compile(r"\btimbre_\w+")


async def samples(served: Served) -> dict[str, list[tuple[dict[str, str], float]]]:
    """What `/metrics` has, by name."""
    _, text = await served.text("/metrics")
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation.endswith(".")
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


async def test_what_was_done_is_counted(served: Served, tones: Tones) -> None:
    for _ in range(2):
        await served.client.audio.speech.create(model="", voice="anna", input="Hello.")
    metrics = served.metrics
    metrics.utterances, metrics.cache_hits, metrics.cache_misses, metrics.voice_gaps = 5, 3, 2, 1
    metrics.first_sound.add(120)
    metrics.synthesised(0.2, 2.0)
    metrics.loop_lag.add(1)
    tones.waiting = {Priority.BACKGROUND: 4}
    told = await samples(served)
    speech = {"route": "/v1/audio/speech", "status": "200"}
    assert (speech, 2.0) in told["timbre_http_requests_total"]
    assert told["timbre_http_first_audio_seconds_count"] == [({}, 2.0)]
    assert told["timbre_utterances_total"] == [({}, 5.0)]
    assert told["timbre_cache_lookups_total"] == [
        ({"result": "hit"}, 3.0),
        ({"result": "miss"}, 2.0),
    ]
    assert told["timbre_voice_gaps_total"] == [({}, 1.0)]
    assert ({"class": "background"}, 4.0) in told["timbre_queue_waiting"]
    assert told["timbre_engine_up"] == [({}, 1.0)]
    model = tones.engine.model
    assert ({"model": model, "le": "0.25"}, 1.0) in told["timbre_first_sound_seconds_bucket"]
    assert ({"model": model, "le": "0.1"}, 0.0) in told["timbre_first_sound_seconds_bucket"]
    assert told["timbre_real_time_factor_sum"] == [({"model": model}, pytest.approx(0.1))]


async def test_no_person_and_no_server_is_named(tones: Tones, store: Store, tmp_path: Path) -> None:
    """Not even by an address that somebody makes up: there would be no end of them."""
    async with serving(tones, store, tmp_path) as served:
        await served.text("/alice/123456789012345678")
        await tones.synthesise(SpeechRequest(text="alice", user_id=123456789012345678))
        _, text = await served.text("/metrics")
        assert "alice" not in text
        assert "123456789012345678" not in text
        assert 'route="other",status="404"' in text


async def test_rules_and_board_ask_for_what_there_is(served: Served) -> None:
    await served.text("/healthz")
    there = set(await samples(served))
    asked = set(_NAME.findall(" ".join([*rules(), *queries()])))
    assert asked
    assert asked <= there, asked - there
    # And of what there is no figure is forgotten.
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in there}
    shown = {
        re.sub(r"_(bucket|count|sum)$", "", name) for name in _NAME.findall(" ".join(queries()))
    }
    assert {name for name in families if not name.endswith("_created")} == shown


def test_each_alert_is_tested() -> None:
    told = (MONITORING / "alerts_test.yml").read_text("utf-8")
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in groups[0]["rules"]:
        assert f'alertname="{rule["alert"]}",severity="{rule["labels"]["severity"]}"' in told


def test_prometheus_itself_takes_rules_and_board_and_tells_each_alert(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed here (Debian: prometheus): no alert was told")
    board = tmp_path / "board.yml"
    asked = [{"record": f"board:{n}", "expr": query} for n, query in enumerate(queries())]
    board.write_text(json.dumps({"groups": [{"name": "board", "rules": asked}]}), "utf-8")
    for *command, file in (
        ("check", "rules", MONITORING / "alerts.yml"),
        ("check", "rules", board),
        ("test", "rules", MONITORING / "alerts_test.yml"),
    ):
        done = subprocess.run(
            [promtool, *command, file], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def rules() -> Iterator[str]:
    """The expressions of the alerts, each of which says what it is about."""
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"].keys() == {"summary", "description"}
            assert rule["labels"]["severity"] in {"warning", "critical"}
            yield rule["expr"]


def queries() -> Iterator[str]:
    """The expressions of the board, whose panels do not lie on one another."""
    board = json.loads((MONITORING / "grafana.json").read_text("utf-8"))
    places = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        places.add((at["x"], at["y"]))
        for target in panel["targets"]:
            yield target["expr"]
    assert len(places) == len(board["panels"])


def test_a_distribution_counts_as_prometheus_does() -> None:
    """A bucket has what is at most its bound."""
    measured = Distribution((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        measured.observe(value)
    assert measured.cumulative == [2, 3, 4]
    assert measured.sum == 12.0
    latencies = Latencies(1)
    for milliseconds in (10, 20):
        latencies.add(milliseconds)
    assert len(latencies) == 1
    assert latencies.since_start.cumulative[-1] == 2
    assert latencies.since_start.sum == pytest.approx(0.03)
