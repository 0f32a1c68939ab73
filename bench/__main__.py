"""`python -m bench`: measures what there is to measure."""

from __future__ import annotations

from bench import matching, normalise

matching.main()
normalise.main()
