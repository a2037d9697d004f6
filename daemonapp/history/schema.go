package history

import "github.com/peakd/peakd/daemonapp/internal/sqlite"

// applicationID marks a file as a history of peakd in SQLite's header: "pkhi".
const applicationID = 0x706b6869

// file is the history's database. A commit survives a kill of the process; a loss of power may take the last ones.
func file() sqlite.File {
	return sqlite.File{ID: applicationID, Steps: schema(), Shrinks: true, Fresh: "to begin a new history"}
}

// schema leads from each version of the file to the next. Three indices serve every query: entries of a word, and those
// of a daemon, by time, and runs by their id.
func schema() []string {
	return []string{`
		CREATE TABLE word (                  -- for people; each start writes those it knows
			id      INTEGER PRIMARY KEY,
			kind    TEXT NOT NULL,
			outcome TEXT NOT NULL
		) STRICT;
		CREATE TABLE daemon (
			id   INTEGER PRIMARY KEY,
			name TEXT NOT NULL UNIQUE,       -- '' is the app itself
			type TEXT NOT NULL
		) STRICT;
		CREATE TABLE digest (
			id   INTEGER PRIMARY KEY,
			text TEXT NOT NULL UNIQUE
		) STRICT;
		CREATE TABLE entry (
			id      INTEGER PRIMARY KEY,
			word    INTEGER NOT NULL,
			daemon  INTEGER NOT NULL,
			at      INTEGER NOT NULL,        -- when it ended or happened, of several the last; ns since 1970, UTC
			since   INTEGER,                 -- when it, or the first, started
			times   INTEGER NOT NULL,
			took    INTEGER,                 -- ns, of all together
			waited  INTEGER,                 -- ns, the longest
			count   INTEGER,
			attempt INTEGER,
			waker   INTEGER,
			run     INTEGER,
			digest  INTEGER,
			user    INTEGER,                 -- ns of processor time
			system  INTEGER,
			peak    INTEGER,                 -- bytes
			until   INTEGER,
			who     TEXT,
			why     TEXT
		) STRICT;
		CREATE INDEX entry_word ON entry (word, at);
		CREATE INDEX entry_daemon ON entry (daemon, at, word, took, times);
		CREATE INDEX entry_run ON entry (run) WHERE run IS NOT NULL;
		CREATE TABLE output (
			entry   INTEGER PRIMARY KEY,
			head    INTEGER NOT NULL,        -- how many bytes of text stand before the gap
			tail    INTEGER NOT NULL,        -- and after it
			dropped INTEGER NOT NULL,        -- how many are missing there
			deflate INTEGER NOT NULL,        -- whether text is compressed
			text    BLOB NOT NULL
		) STRICT;
		CREATE TRIGGER entry_output AFTER DELETE ON entry BEGIN
			DELETE FROM output WHERE entry = old.id;
		END;
		CREATE TABLE outputs (bytes INTEGER NOT NULL) STRICT; -- of all texts
		INSERT INTO outputs VALUES (0);
		CREATE TRIGGER output_insert AFTER INSERT ON output BEGIN
			UPDATE outputs SET bytes = bytes + length(new.text);
		END;
		CREATE TRIGGER output_delete AFTER DELETE ON output BEGIN
			UPDATE outputs SET bytes = bytes - length(old.text);
		END;
		CREATE TABLE running (               -- runs in flight; what a new process finds here was lost
			daemon  TEXT PRIMARY KEY,
			type    TEXT NOT NULL,
			digest  TEXT NOT NULL,
			run     INTEGER NOT NULL,
			since   INTEGER NOT NULL,
			waited  INTEGER NOT NULL,
			attempt INTEGER NOT NULL,
			waker   INTEGER NOT NULL
		) STRICT, WITHOUT ROWID;
		CREATE VIEW history AS
			SELECT entry.id, strftime('%FT%TZ', at / 1000000000, 'unixepoch') AS at, kind, outcome, name, type, times,
				took / 1e9 AS took, waited / 1e9 AS waited, count, attempt, printf('%x', run) AS run, digest.text AS digest, who, why
			FROM entry JOIN word ON word.id = word JOIN daemon ON daemon.id = daemon LEFT JOIN digest ON digest.id = digest;
	`}
}
