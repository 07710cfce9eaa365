package rows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"vlroles/licensing"
)

// Request is a command of one caller, as it is kept: what was asked under an id, and its answer.
type Request struct {
	Digest  string `db:"digest"`
	Answer  string `db:"answer"`
	Version int    `db:"answer_version"`
}

// AnswerVersion is the version of the answers that this code keeps. It rises when an
// answer's fields change their meaning.
const AnswerVersion = 1

// Read reads the answer that was kept.
func (r Request) Read(answer any) error {
	if r.Version != AnswerVersion {
		return fmt.Errorf("read kept answer: version %d is unknown, this program knows %d", r.Version,
			AnswerVersion)
	}
	if err := json.Unmarshal([]byte(r.Answer), answer); err != nil {
		return fmt.Errorf("read kept answer: %w", err)
	}
	return nil
}

// Digest tells a request from another one under the same id: what was asked, by whom, with which content.
func Digest(
	action licensing.AuditAction, org licensing.OrgID, by licensing.UserID, content any,
) (string, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(string(action)+"\x00"+string(org)+"\x00"+string(by)+"\x00"), text...))
	return hex.EncodeToString(sum[:]), nil
}
