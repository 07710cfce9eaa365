package rows

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"vlroles/licensing"
)

// What an [Outage] advises.
const (
	Again     = "try again"
	AgainSame = "try again with the same request ID" // what was asked may have been carried out
)

// Outage says in words of ours that the database doesn't work now: a refusal of kind Unavailable, with the
// advice at its end. A login that is refused is told in words of ours too, and is no refusal. Neither holds
// what the driver says, which names host and user; errors.As finds that. A context that was cancelled is told
// as that. Every other error, and none, is returned as it is.
func Outage(ctx context.Context, err error, advice string) error {
	if err == nil || licensing.RefusalOf(err) != nil {
		return err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	trouble := troubleOf(err)
	if ctx.Err() != nil {
		trouble = "it took too long"
	}
	if trouble != "" {
		return &hidden{cause: err, told: licensing.Refuse(licensing.Unavailable, "",
			"the database doesn't work now: %s; %s", trouble, advice)}
	}
	if locked := lockedOut(err); locked != "" {
		return &hidden{cause: err, told: errors.New(locked)}
	}
	return err
}

// What the drivers' errors have: a code of PostgreSQL, and one of SQLite.
type (
	postgresError interface{ SQLState() string }
	sqliteError   interface{ Code() int }
)

// The kinds of SQLite's codes that mean that it doesn't work now.
const (
	sqliteBusy   = 5
	sqliteLocked = 6
	sqliteFull   = 13
)

// hidden is an error of the driver that nobody reads.
type hidden struct{ told, cause error }

// Error returns the words for people.
func (h *hidden) Error() string { return h.told.Error() }

// Unwrap returns what is told before what is hidden.
func (h *hidden) Unwrap() []error { return []error{h.told, h.cause} }

// troubleOf says why the database doesn't work now, "" where it does.
func troubleOf(err error) string {
	var answer postgresError
	var lite sqliteError
	var network net.Error
	switch {
	case errors.As(err, &answer):
		return troubleOfPostgres(answer.SQLState())
	case errors.As(err, &lite):
		return troubleOfSQLite(lite.Code())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "it took too long"
	case errors.As(err, &network):
		return causeOf(network)
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection broke"
	}
	return ""
}

// causeOf is what the system says of a connection, without the address.
func causeOf(err error) string {
	var connection *net.OpError
	if errors.As(err, &connection) {
		var name *net.DNSError
		if !errors.As(err, &name) {
			return connection.Err.Error()
		}
	}
	return "it can't be found"
}

// troubleOfPostgres reads a code of PostgreSQL.
func troubleOfPostgres(code string) string {
	switch code {
	case "57P03":
		return "it is starting up or shutting down"
	case "57014":
		return "it took too long"
	case "40001", "40P01", "55P03":
		return "others are changing the same"
	case "25006":
		return "it only reads, as after a fail-over"
	case "53100":
		return "its disk is full"
	case "53300":
		return "it has no connection left"
	case "25P03":
		return "the connection broke"
	}
	switch {
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "58"):
		return "the connection broke"
	case strings.HasPrefix(code, "53"):
		return "it lacks memory or connections"
	}
	return ""
}

// troubleOfSQLite reads a code of SQLite; the lowest byte of an extended one is the kind.
func troubleOfSQLite(code int) string {
	switch code & 0xff {
	case sqliteBusy, sqliteLocked:
		return "others are changing it"
	case sqliteFull:
		return "its disk is full"
	}
	return ""
}

// lockedOut says what is wrong with user, password or database, "" where nothing is.
func lockedOut(err error) string {
	var answer postgresError
	if !errors.As(err, &answer) {
		return ""
	}
	switch code := answer.SQLState(); {
	case strings.HasPrefix(code, "28"):
		return "the database refuses the login: check user and password"
	case code == "3D000":
		return "there is no such database"
	case code == "42501":
		return "the database's user lacks a permission"
	}
	return ""
}
