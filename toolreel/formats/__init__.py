"""Recordings of other tools: bytes in, the journal entries that a recorder would have written out; and HAR out."""
