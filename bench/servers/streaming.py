"""An addon for mitmdump that relays bodies as they come: what toolreel's recorder does too, and nothing else."""

from __future__ import annotations

from mitmproxy import http


def responseheaders(flow: http.HTTPFlow) -> None:
    """Relays the answer piece by piece."""
    if flow.response is not None:
        flow.response.stream = True
