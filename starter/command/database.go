package command

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"

	"vlroles/licensing"
)

// sqlState is an error of PostgreSQL with its code.
type sqlState interface{ SQLState() string }

// notOpened says why the database can't be opened. One that answers, and refuses the login or doesn't exist,
// is a fault; any other is away.
func (a *app) notOpened(err error) error {
	var answer sqlState
	if errors.As(err, &answer) && !isAway(answer.SQLState()) {
		return fmt.Errorf("%w (VL_DATABASE_URL)", err)
	}
	return databaseAway(err, fmt.Sprintf("is `starter dev` running, or has `%s migrate` run?", a.name))
}

// readFault puts into words that the database went away while it was read, or lacks its tables. Other errors
// stay as they are.
func (a *app) readFault(err error) error {
	var answer sqlState
	var network *net.OpError
	switch {
	case err == nil || licensing.RefusalOf(err) != nil:
		return err
	case errors.As(err, &answer) && answer.SQLState() == "42P01", strings.Contains(err.Error(), "no such table"):
		return fmt.Errorf("the database has no tables yet (VL_DATABASE_URL): run `%s migrate`", a.name)
	case errors.As(err, &answer) && isAway(answer.SQLState()), errors.As(err, &network),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return databaseAway(err, "try again later")
	}
	return err
}

// isAway says whether a code of PostgreSQL means that it doesn't work now: no connection, too many of them,
// or it starts or stops.
func isAway(code string) bool {
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57P")
}

func databaseAway(err error, advice string) error {
	return licensing.Refuse(licensing.Unavailable, "", "the database doesn't answer (VL_DATABASE_URL)%s; %s",
		causeOf(err), advice)
}

// causeOf is what the system says, without the address of the database.
func causeOf(err error) string {
	var network *net.OpError
	var file *fs.PathError
	var answer sqlState
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return ": it took too long"
	case errors.As(err, &network):
		return ": " + network.Err.Error()
	case errors.As(err, &file):
		return ": " + file.Err.Error()
	case errors.As(err, &answer):
		return ": PostgreSQL says " + answer.SQLState()
	}
	return ""
}
