package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"

	"go.temporal.io/sdk/client"
	tlog "go.temporal.io/sdk/log"

	"vlroles/config"
)

// Dial connects to Temporal as the configuration says, and checks that it answers.
func Dial(ctx context.Context, c config.Config, log *slog.Logger) (client.Client, error) {
	o := client.Options{
		HostPort: c.TemporalAddress, Namespace: c.TemporalNamespace, Logger: tlog.NewStructuredLogger(log),
	}
	if key := c.TemporalAPIKey; !key.Empty() {
		o.Credentials = client.NewAPIKeyStaticCredentials(key.Reveal())
	}
	if c.TemporalTLS {
		t, err := transport(c)
		if err != nil {
			return nil, fmt.Errorf("connect to Temporal: %w", err)
		}
		o.ConnectionOptions.TLS = t
	}
	t, err := client.DialContext(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s (TEMPORAL_ADDRESS): %w", c.TemporalAddress, err)
	}
	return t, nil
}

func transport(c config.Config) (t *tls.Config, err error) {
	if t, err = trusting("TEMPORAL_TLS_CA", c.TemporalCA); err != nil {
		return nil, err
	}
	if c.TemporalCert != "" {
		pair, err := tls.LoadX509KeyPair(c.TemporalCert, c.TemporalKey)
		if err != nil {
			return nil, fmt.Errorf("TEMPORAL_TLS_CERT, TEMPORAL_TLS_KEY: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// trusting returns a TLS configuration that trusts the authorities of a PEM file, or the system's where the
// variable names none.
func trusting(variable, file string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return t, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: the file has no certificate", variable)
	}
	return t, nil
}
