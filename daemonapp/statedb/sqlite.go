package statedb

import (
	"database/sql"
	"fmt"
	"net/url"

	"modernc.org/sqlite"
)

// fileName is the database's name in the state directory; SQLite puts fileName-wal and fileName-shm
// beside it while it is open.
const fileName = "state.db"

// connect opens the database on one connection, so that its prepared statements and its transactions
// are never spread over several. mode is SQLite's: rw or ro.
//
// synchronous=FULL makes each commit durable, which WAL alone does not.
func connect(path, mode string) (*sql.DB, error) {
	query := url.Values{
		"mode":    {mode},
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "synchronous(FULL)", "journal_size_limit(4194304)"},
	}
	dsn := url.URL{Scheme: "file", Path: path, OmitHost: true, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(dsn.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	return db, nil
}

// useWAL lets readers look while the app writes. It is a property of the file, which a file that is
// not ours must not get.
func useWAL(db *sql.DB) error {
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("its file system has no room for a write-ahead log (journal mode %s)", mode)
	}
	return nil
}

// quickCheck reads every page, so that damage is told at the start and not by the run that meets it.
func quickCheck(db *sql.DB) error {
	var verdict string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, verdict)
	}
	return nil
}
