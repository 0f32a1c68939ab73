"""The report: every target beside its figure, tables, a chart, every reading."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from bench.chart import svg
from bench.figures import Chart, Findings, Section
from bench.report import targets_table, write
from bench.run import QUICK
from bench.targets import TARGETS

CHART = Chart("Replay & more", "requests/s", [("toolreel", 12_345.6, "toolreel"), ("<peer>", 100, "peer")])


def findings() -> Findings:
    section = Section("Replay", "Words.", ("", "requests/s"), [("toolreel", 12_345.6), ("a|b", None)], CHART)
    return Findings([section], {"help": (0.3, ""), "json-peer": (1.5, "talkback")}, ["WireMock: no Java"], {"x": [1]})


def test_every_target_stands_in_the_table_measured_or_not() -> None:
    lines = targets_table(findings()).splitlines()[2:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == [one.what for one in TARGETS.values()]
    shown = dict(zip(TARGETS, lines, strict=True))
    assert shown["help"].endswith("| ≤ 0.2 s | 0.30 s | **no** |")
    assert shown["json-peer"].endswith("| ≥ 1 × | 1.50 × (talkback) | yes |")
    assert shown["start"].endswith("| not measured |  |")


def test_the_report_is_markdown_json_and_a_picture(tmp_path: Path) -> None:
    write(tmp_path, findings(), QUICK)
    text = (tmp_path / "benchmarks.md").read_text()
    assert "| toolreel | 12,346 |" in text
    assert "| a\\|b |  |" in text
    assert "- WireMock: no Java" in text
    value = json.loads((tmp_path / "benchmarks.json").read_text())
    assert value["readings"] == {"x": [1]}
    assert {one["key"]: one["met"] for one in value["targets"] if one["met"] is not None} == {
        "help": False,
        "json-peer": True,
    }
    assert ElementTree.parse(tmp_path / "benchmarks.svg").getroot().tag.endswith("svg")


def test_longer_bars_are_larger_figures() -> None:
    tree = ElementTree.fromstring(svg([CHART]))
    bars = [float(bar.get("width") or 0) for bar in tree if bar.tag.endswith("rect")][1:]
    assert bars[0] > bars[1]
    assert "<peer>" in "".join(tree.itertext())
