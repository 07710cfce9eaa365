package command

import (
	"context"
	"errors"
	"fmt"
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
	if errors.As(err, &answer) && licensing.KindOf(err) != licensing.Unavailable {
		return fmt.Errorf("%w (VL_DATABASE_URL)", err)
	}
	return databaseAway(err, fmt.Sprintf("is `starter dev` running, or has `%s migrate` run?", a.name))
}

// readFault puts into words that the database lacks its tables. Other errors stay as they are.
func (a *app) readFault(err error) error {
	var answer sqlState
	if err == nil || licensing.RefusalOf(err) != nil {
		return err
	}
	if errors.As(err, &answer) && answer.SQLState() == "42P01" ||
		strings.Contains(err.Error(), "no such table") {
		return fmt.Errorf("the database has no tables yet (VL_DATABASE_URL): run `%s migrate`", a.name)
	}
	return err
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
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
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
