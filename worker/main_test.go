package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"vlroles/licensing"
	"vlroles/worker/engine/enginetest"
)

func TestL01_AWorkerWhoseDatabaseAcceptsAndSaysNothingEndsAndSaysWhy(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() //nolint:errcheck // nothing was sent
	t.Setenv("VL_LINK_KEYS", "t:"+enginetest.Secret)
	t.Setenv("VL_DATABASE_URL",
		"postgres://u:p@"+silent.Addr().String()+"/x?sslmode=disable&connect_timeout=1")
	began := time.Now()
	err = serve(t.Context())
	if licensing.KindOf(err) != licensing.Unavailable || !strings.Contains(err.Error(), "it took too long") {
		t.Errorf("it ends with %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}
