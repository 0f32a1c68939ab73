"""Cassette files, the journal and the index; the only place that imports sqlite-utils."""
