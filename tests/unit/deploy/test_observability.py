"""The dashboard and the alerts speak of metrics that there are, by labels that they have."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from waypost.instances.state import REASONS, InstanceState
from waypost.watching.table import TABLE, Metric

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
SCRAPE = ROOT / "deploy" / "prometheus" / "prometheus.yml"
BOARD = ROOT / "deploy" / "grafana" / "waypost.json"

METRICS = {metric.name: metric for metric in TABLE}
# What Prometheus adds to each series, and `le` of a histogram's buckets.
_ADDED = {"instance", "job", "le"}
_NAME = re.compile(r"\bwaypost_\w+")
_SELECTED = re.compile(r"\b(waypost_\w+)\s*\{([^}]*)\}")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [one for one in json.loads(BOARD.read_text())["panels"] if one["type"] != "row"]


def expressions() -> list[tuple[str, str]]:
    """Where, and what."""
    board = [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]
    return [*((rule["alert"], rule["expr"]) for rule in alerts()), *board]


def metric_of(series: str) -> Metric | None:
    """The metric to which a series belongs, as Prometheus names those of histograms."""
    of_histogram = re.sub(r"_(bucket|count|sum)$", "", series)
    found = METRICS.get(of_histogram)
    if found is not None and found.kind == "histogram" and of_histogram != series:
        return found
    found = METRICS.get(series)
    return found if found is not None and found.kind != "histogram" else None


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_every_metric_and_label_that_is_asked_for_exists(where: str, expression: str) -> None:
    known = {name: metric_of(name) for name in _NAME.findall(expression)}
    assert None not in known.values(), f"{where}: {known}"
    labels = {label for metric in known.values() if metric for label in metric.labels} | _ADDED
    grouped = {one.strip() for group in _GROUPED.findall(expression) for one in group.split(",")}
    assert grouped <= labels, where
    for name, selector in _SELECTED.findall(expression):
        metric = metric_of(name)
        assert metric is not None
        assert {label for label, _, _ in _MATCHER.findall(selector)} <= {*metric.labels, *_ADDED}, where


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_reasons_and_states_that_are_asked_for_exist(where: str, expression: str) -> None:
    known = {"reason": set(REASONS), "status": {state.value for state in InstanceState}}
    for name, selector in _SELECTED.findall(expression):
        for label, _, value in _MATCHER.findall(selector):
            if name == "waypost_instances" and label in known:
                assert set(value.split("|")) <= known[label], where


def test_every_metric_is_on_the_dashboard_or_has_a_reason_not_to_be() -> None:
    shown = {
        metric for _, text in expressions() for name in _NAME.findall(text) if (metric := metric_of(name))
    }
    left = {one.name for one in TABLE} - {one.name for one in shown}
    assert left == {
        "waypost_engine_events_total",
        "waypost_figures_age_seconds",
        "waypost_lease_epoch",
        "waypost_start_time_seconds",
        "waypost_webhook_given_up_total",
        "waypost_webhooks_disabled_total",
    }


def test_what_to_do_about_each_alert_is_written_down() -> None:
    page = (ROOT / "docs" / "observability.md").read_text()
    assert [rule["alert"] for rule in alerts() if f"| `{rule['alert']}` |" not in page] == []
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] for rule in alerts())


def test_no_two_panels_lie_on_each_other() -> None:
    places = [panel["gridPos"] for panel in json.loads(BOARD.read_text())["panels"]]
    squares = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(squares) == len(set(squares))
    assert max(x for x, _ in squares) < 24
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_the_example_configuration_reads_the_rules_beside_it() -> None:
    scrape = yaml.safe_load(SCRAPE.read_text())
    assert [SCRAPE.parent / name for name in scrape["rule_files"]] == [ALERTS]
    assert {one["job_name"] for one in scrape["scrape_configs"]} == {"waypost"}


ORDERS = {
    "rules": ["check", "rules", str(ALERTS)],
    "config": ["check", "config", str(SCRAPE)],
    "when": ["test", "rules", str(Path(__file__).parent / "alerts_test.yml")],
}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
@pytest.mark.parametrize("order", ORDERS)
def test_prometheus_itself_takes_them_and_alerts_come_when_they_should(order: str) -> None:
    done = subprocess.run(
        ["promtool", *ORDERS[order]], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
