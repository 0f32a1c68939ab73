"""What the project promises of its speed, in the order in which it does."""

from __future__ import annotations

from .figures import Target

TARGETS = {
    "json-peer": Target("Replay over HTTP, 3 KB of JSON, 32 connections: beside the fastest peer", least=1),
    "json-constant": Target("The same: beside the same server returning a constant", least=0.8),
    "door": Target("toolreel's door beside the same on uvicorn or granian, whichever is faster", least=1.5),
    "stream-peer": Target("Replay of a stream of 200 frames, instant: beside the fastest peer", least=1),
    "stream-constant": Target("The same: beside the same server returning a constant", least=0.8),
    "poll-peer": Target("Replay of a poll, 2 KB of JSON: beside the fastest peer", least=1),
    "proxy-peer": Target("The TLS proxy door: beside mitmproxy's own server replay", least=1),
    "help": Target("`toolreel --help`", most=0.2, unit="s"),
    "start": Target("Start of `replay` to the first answer, 1,000 interactions", most=1, unit="s"),
    "load-cassetter": Target("Loading 1,000 interactions: cassetter's time as a multiple of ours", least=1),
    "load-cassetter-toml": Target("The same: cassetter's time with its faster format", least=1),
    "load-vcrpy": Target("Loading 1,000 interactions: vcrpy's time as a multiple of ours", least=1),
    "match": Target("Finding the match among 10,000 interactions beside among 10", least=0.9),
    "match-dict": Target("The same, beside what a bare server that looks in a dict keeps of its rate", least=0.9),
    "growth-rate": Target("Replay does not slow down with the walks that are over", least=0.9),
    "growth-memory": Target("Memory that replay keeps of a repeated request, ids apart", most=100, unit="bytes"),
    "record": Target("Recording beside mitmproxy's own pass-through with streaming on", least=0.85),
    "memory": Target("Memory while recording 100 MB: grown by", most=10, unit="MB"),
    "ls": Target("`ls` over 10,000 cassettes, indexed", most=1, unit="s"),
    "search": Target("`search` over 10,000 cassettes, indexed", most=1, unit="s"),
}
