"""The tables of the index, as they were made first; what changes them later is a migration of its own."""

INDEX = (
    """
    CREATE TABLE cassettes (
        id INTEGER PRIMARY KEY,
        folder TEXT NOT NULL,       -- seen from the folder in which .toolreel lies
        name TEXT NOT NULL,
        size INTEGER NOT NULL,      -- bytes of the file, large bodies beside it not counted
        mtime_ns INTEGER NOT NULL,  -- 0: it was too fresh to be trusted
        sha256 TEXT NOT NULL,
        version INTEGER NOT NULL,   -- of what is read out of a cassette
        error TEXT,                 -- why it cannot be read; then all that follows is empty
        recorded_at TEXT,
        upstream TEXT,
        requests INTEGER NOT NULL,
        runs INTEGER NOT NULL,
        calls INTEGER NOT NULL,
        streams INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        failures INTEGER NOT NULL,  -- answers with status 400 and above
        UNIQUE (folder, name)
    ) STRICT
    """,
    """
    CREATE TABLE requests (
        cassette INTEGER NOT NULL REFERENCES cassettes(id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        route TEXT NOT NULL,
        status INTEGER NOT NULL,
        ending TEXT NOT NULL,
        frames INTEGER,             -- NULL: no stream
        ms INTEGER,
        first_frame_ms INTEGER,     -- since the request, as is the next
        last_frame_ms INTEGER,
        PRIMARY KEY (cassette, n)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE calls (
        cassette INTEGER NOT NULL REFERENCES cassettes(id) ON DELETE CASCADE,
        id TEXT NOT NULL,
        n INTEGER NOT NULL,         -- the request whose answer named it first
        tool TEXT NOT NULL,
        arguments TEXT NOT NULL,
        output TEXT,
        answered INTEGER,           -- the request that submitted the output
        PRIMARY KEY (cassette, id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX calls_of_tool ON calls(tool)",
    """
    CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        cassette INTEGER NOT NULL REFERENCES cassettes(id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        place TEXT NOT NULL,        -- request, answer, user, text, arguments of TOOL, output of TOOL
        text TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX texts_of_cassette ON texts(cassette)",
    "CREATE VIRTUAL TABLE words USING fts5"
    "(text, content='texts', content_rowid='id', tokenize='unicode61 remove_diacritics 2')",
    """
    CREATE TRIGGER texts_are_searched AFTER INSERT ON texts BEGIN
        INSERT INTO words (rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER texts_are_forgotten AFTER DELETE ON texts BEGIN
        INSERT INTO words (words, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
)
"""The statements that make them, in their order."""
