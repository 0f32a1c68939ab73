"""Secrets never reach the disk: what is recorded, and what is compared with it, goes through here first."""

from __future__ import annotations

from .placeholders import PLACEHOLDER, Placeholders
from .redactor import Redactor
from .rules import DEFAULT_RULES, Rules, rules_from
from .streams import StreamRedactor

__all__ = ["DEFAULT_RULES", "PLACEHOLDER", "Placeholders", "Redactor", "Rules", "StreamRedactor", "rules_from"]
