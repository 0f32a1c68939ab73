"""The mitmproxy doors; the only place that imports mitmproxy."""
