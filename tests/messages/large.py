"""Large bodies, kept in memory instead of beside a cassette."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


class Files(dict[str, bytes]):
    """Large bodies by their SHA-256."""

    def keep(self, pieces: Iterable[bytes]) -> str:
        data = b"".join(pieces)
        digest = hashlib.sha256(data).hexdigest()
        self[digest] = data
        return digest
