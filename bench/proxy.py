"""The proxy door: CONNECT, TLS that is intercepted, and the same answer as at the base URL."""

from __future__ import annotations

from . import exchanges
from .contenders import CONSTANT, MITMPROXY, TOOLREEL_PROXY
from .run import Run


def measure(run: Run) -> None:
    """toolreel's proxy door beside mitmproxy's own server replay, and an addon that only answers."""
    contenders = [TOOLREEL_PROXY, MITMPROXY, CONSTANT]
    found = run.compete("proxy", contenders, exchanges.submit(), proxy=True)
    text = "`submit_tool_outputs`, 3 KB of JSON out, 32 connections kept open, each through CONNECT and TLS."
    run.findings.sections.append(run.table("Replay: the TLS proxy door", text, found, TOOLREEL_PROXY))
    run.beside("proxy-peer", found, MITMPROXY, TOOLREEL_PROXY)
