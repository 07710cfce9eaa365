package rows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"vlroles/licensing"
)

// Digest tells a request from another one under the same id.
func Digest(org licensing.OrgID, by licensing.UserID, kind string, content any) (string, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte(kind+"\x00"+string(org)+"\x00"+string(by)+"\x00"), text...))
	return hex.EncodeToString(sum[:]), nil
}
