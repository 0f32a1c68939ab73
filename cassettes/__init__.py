"""Sample cassettes, shipped in the wheel."""
