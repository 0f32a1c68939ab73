"""Bar charts as SVG, one under the other; a logarithmic scale: floors are a hundred times faster than peers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from .figures import Chart

_COLOURS = {"toolreel": "#c2410c", "peer": "#64748b", "floor": "#cbd5e1"}
_WIDTH, _LABELS, _ROW, _TITLE = 860, 230, 22, 34
_BARS = _WIDTH - _LABELS - 80


def svg(charts: Sequence[Chart]) -> str:
    """The charts as one picture."""
    parts: list[str] = []
    top = 10
    for chart in charts:
        parts += _chart(chart, top)
        top += _TITLE + _ROW * len(chart.bars) + 16
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" font-family="sans-serif" '
        f'font-size="12">\n<rect width="{_WIDTH}" height="{top}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _chart(chart: Chart, top: int) -> Iterator[str]:
    title = escape(f"{chart.title} ({chart.unit}, logarithmic)")
    yield f'<text x="10" y="{top + 18}" font-weight="bold">{title}</text>'
    values = [value for _, value, _ in chart.bars]
    low = 10 ** math.floor(math.log10(min(values)))
    span = math.log10(max(values) / low) or 1.0
    for number, (label, value, kind) in enumerate(chart.bars):
        y = top + _TITLE + _ROW * number
        width = max(2.0, _BARS * math.log10(value / low) / span)
        yield f'<text x="{_LABELS - 8}" y="{y + 11}" text-anchor="end">{escape(label)}</text>'
        yield f'<rect x="{_LABELS}" y="{y}" width="{width:.1f}" height="14" fill="{_COLOURS[kind]}"/>'
        yield f'<text x="{_LABELS + width + 6:.1f}" y="{y + 11}">{value:,.0f}</text>'
