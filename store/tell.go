package store

import (
	"context"
	"time"

	"vlroles/licensing"
)

// Tell returns what Effective does, at upTo and at least now, under a number of its own (L08). It is higher
// than every number before, and whatever changes what it says waits and has a higher one. Returns a NotFound
// where there is no such user.
func (s *Store) Tell(
	ctx context.Context, user licensing.UserID, upTo time.Time,
) (e licensing.Effective, err error) {
	err = s.write(ctx, "read effective grants", func(t *tx) error {
		var version int64
		err := t.get(&version, `UPDATE users SET version = version + 1 WHERE id = ? RETURNING version`, user)
		if err != nil {
			return missing(err, "user")
		}
		if upTo.Before(t.now) {
			upTo = t.now
		}
		e, err = effective(t.Query, user, upTo)
		e.Version = version
		return err
	})
	return e, err
}

// Told records that a downstream system has taken what Tell returned.
func (s *Store) Told(ctx context.Context, e licensing.Effective) error {
	return s.write(ctx, "record what was told", func(t *tx) error {
		_, err := t.exec(`
			UPDATE users
			SET told_version = ?, told_up_to = ?
			WHERE id = ? AND told_version < ?`, e.Version, ts(e.UpTo), e.User, e.Version)
		return err
	})
}

// Surpass lifts a user's number to one that a downstream system has, and says whether it was lower. Only rows
// that came from an older copy are: what is told next is taken again.
func (s *Store) Surpass(ctx context.Context, user licensing.UserID, version int64) (lower bool, err error) {
	err = s.write(ctx, "surpass a number", func(t *tx) error {
		n, err := t.exec(`UPDATE users SET version = ? WHERE id = ? AND version < ?`, version, user, version)
		lower = n > 0
		return err
	})
	return lower, err
}

// toldRow is what a downstream system knows of a user.
type toldRow struct {
	Version int64     `db:"version"`
	Told    int64     `db:"told_version"`
	UpTo    timestamp `db:"told_up_to"`
}

// lockTold locks a user before rows that lift the number, and reads what was told. Whoever there isn't was
// told nothing.
func (t *tx) lockTold(user licensing.UserID) (toldRow, error) {
	var found []toldRow
	err := t.all(&found, t.lock(`
		SELECT u.version, u.told_version, u.told_up_to
		FROM users u
		WHERE u.id = ?`, "u"), user)
	if err != nil || len(found) == 0 {
		return toldRow{}, err
	}
	return found[0], nil
}

// keepTold says that a user's new number tells nothing new: what became effective up to a time had been told.
func (t *tx) keepTold(user licensing.UserID, before toldRow, upTo time.Time) error {
	if before.Version == 0 || before.Version != before.Told || before.UpTo.Before(upTo) {
		return nil
	}
	_, err := t.exec(`UPDATE users SET told_version = version WHERE id = ?`, user)
	return err
}
