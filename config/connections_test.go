package config_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"vlroles/config"
)

// noPG takes the variables away that the driver of PostgreSQL reads by itself.
func noPG(t *testing.T) {
	t.Helper()
	for _, name := range []string{"PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE", "PGSSLROOTCERT"} {
		t.Setenv(name, "") // brings it back
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

// faraway has all three on other machines, as they are verified by default.
func faraway(pairs ...string) map[string]string {
	return with(append([]string{
		"VL_DATABASE_URL", "postgres://vl:hunter2@db.contoso.example/vl",
		"TEMPORAL_ADDRESS", "temporal.contoso.example:7233",
		"VL_SMTP_HOST", "smtp.contoso.example", "VL_MAIL_FROM", "vl@contoso.example",
	}, pairs...)...)
}

func TestAConnectionToAnotherMachineIsVerifiedByDefault(t *testing.T) {
	c := load(t, faraway())
	if got := c.Database.Reveal(); got != "postgres://vl:hunter2@db.contoso.example/vl?sslmode=verify-full" {
		t.Errorf("database: %s", got)
	}
	if !c.TemporalTLS || c.SMTPTLS != config.TLSMandatory || c.AllowUnverified != nil {
		t.Errorf("Temporal's TLS %t, the relay's %s, unverified %v",
			c.TemporalTLS, c.SMTPTLS, c.AllowUnverified)
	}
}

// ways are the connections with every weaker choice, and the words in which the refusal says what to write.
var ways = []struct {
	name     string
	variable string
	weaker   []string
	write    string
}{
	{"database", "VL_DATABASE_URL", databases("disable", "allow", "prefer", "require", "verify-ca"),
		"sslmode=verify-full"},
	{"temporal", "TEMPORAL_TLS", []string{"false"}, "write true"},
	{"smtp", "VL_SMTP_TLS", []string{"none", "opportunistic"}, "mandatory or implicit"},
}

func databases(modes ...string) (all []string) {
	for _, m := range modes {
		all = append(all, "postgres://vl:hunter2@db.contoso.example/vl?sslmode="+m)
	}
	return all
}

func TestAConnectionToAnotherMachineThatIsNotVerifiedNeedsItsName(t *testing.T) {
	for _, w := range ways {
		others := slices.DeleteFunc([]string{"database", "temporal", "smtp"}, func(n string) bool {
			return n == w.name
		})
		for _, choice := range w.weaker {
			for _, row := range []struct {
				name, permitted string
				taken           bool
			}{
				{"no connection is named", "", false},
				{"the others are named", strings.Join(others, ","), false},
				{"it is named", w.name, true},
				{"all are named", "database, temporal, smtp", true},
			} {
				chosen := choice[strings.LastIndex(choice, "=")+1:]
				t.Run(fmt.Sprintf("%s is %s where %s", w.name, chosen, row.name), func(t *testing.T) {
					vars := faraway(w.variable, choice, "VL_ALLOW_UNVERIFIED", row.permitted)
					_, err := config.Load(from(vars), config.All)
					if row.taken {
						if err != nil {
							t.Fatal(err)
						}
						return
					}
					if got := faulty(t, err); !slices.Equal(got, []string{w.variable}) {
						t.Fatalf("at fault: %v", got)
					}
					for _, says := range []string{
						"verified by TLS", w.write, "VL_ALLOW_UNVERIFIED=" + w.name,
					} {
						if !strings.Contains(err.Error(), says) {
							t.Errorf("%q doesn't say %q", err, says)
						}
					}
					for _, hidden := range []string{"hunter2", "contoso"} {
						if strings.Contains(err.Error(), hidden) {
							t.Errorf("%q repeats the value", err)
						}
					}
				})
			}
		}
	}
}

func TestImplicitTLSIsVerified(t *testing.T) {
	c := load(t, faraway("VL_SMTP_TLS", "implicit", "VL_SMTP_USER", "u", "VL_SMTP_PASSWORD", "p"))
	if c.SMTPTLS != config.TLSImplicit || c.SMTPPort != 465 {
		t.Errorf("got %s on port %d", c.SMTPTLS, c.SMTPPort)
	}
}

func TestAllConnectionsThatAreNotVerifiedAreReportedTogether(t *testing.T) {
	_, err := config.Load(from(faraway("VL_DATABASE_URL", databases("disable")[0], "TEMPORAL_TLS", "false",
		"VL_SMTP_TLS", "none")), config.All)
	want := []string{"TEMPORAL_TLS", "VL_DATABASE_URL", "VL_SMTP_TLS"}
	if got := faulty(t, err); !slices.Equal(got, want) {
		t.Errorf("at fault: %v, want %v", got, want)
	}
	_, err = config.Load(from(faraway("VL_SMTP_TLS", "none")), config.Commands)
	if err != nil {
		t.Errorf("commands judge a relay that they don't speak to: %v", err)
	}
}

func TestANameInVLAllowUnverifiedChangesNoDefault(t *testing.T) {
	c := load(t, faraway("VL_ALLOW_UNVERIFIED", "database,temporal,smtp"))
	verified := strings.HasSuffix(c.Database.Reveal(), "sslmode=verify-full")
	if !verified || !c.TemporalTLS || c.SMTPTLS != config.TLSMandatory {
		t.Errorf("got %s, %t, %s", c.Database.Reveal(), c.TemporalTLS, c.SMTPTLS)
	}
}

func TestASecretIsNotSentInClearTextWhateverIsNamed(t *testing.T) {
	_, err := config.Load(from(faraway("VL_ALLOW_UNVERIFIED", "temporal,smtp",
		"TEMPORAL_TLS", "false", "TEMPORAL_API_KEY", "k",
		"VL_SMTP_TLS", "opportunistic", "VL_SMTP_USER", "u", "VL_SMTP_PASSWORD", "p")), config.All)
	if got := faulty(t, err); !slices.Equal(got, []string{"TEMPORAL_TLS", "VL_SMTP_TLS"}) {
		t.Errorf("at fault: %v", got)
	}
}

func TestVLAllowUnverifiedTakesTheThreeNames(t *testing.T) {
	for value, ok := range map[string]bool{
		"database": true, "smtp,temporal": true, " smtp , smtp ": true,
		"all": false, "true": false, "SMTP": false, "database,": false, ",": false,
		"database temporal": false,
	} {
		_, err := config.Load(from(with("VL_ALLOW_UNVERIFIED", value)), config.All)
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "database, temporal, smtp") {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestWhatIsThisMachine(t *testing.T) {
	noPG(t)
	for host, here := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "localhost.": true, "127.0.0.1": true, "127.8.8.8": true,
		"::1": true, "::ffff:127.0.0.1": true,
		"db": false, "db.localhost": false, "localhost.contoso.example": false,
		"notlocalhost": false, "10.0.0.1": false,
		"0.0.0.0": false, "::": false, "127.0.0.1.contoso.example": false,
		"2130706433": false, "192.168.1.1": false,
	} {
		inURL := host
		if strings.Contains(host, ":") {
			inURL = "[" + host + "]"
		}
		for variable, vars := range map[string]map[string]string{
			"VL_DATABASE_URL": with("VL_DATABASE_URL", "postgres://vl@"+inURL+":5432/vl?sslmode=disable"),
			"TEMPORAL_TLS":    with("TEMPORAL_ADDRESS", inURL+":7233", "TEMPORAL_TLS", "false"),
			"VL_SMTP_TLS": with("VL_SMTP_HOST", host, "VL_SMTP_TLS", "none",
				"VL_MAIL_FROM", "vl@contoso.example"),
		} {
			_, err := config.Load(from(vars), config.All)
			if got := faulty(t, err); here && got != nil || !here && !slices.Equal(got, []string{variable}) {
				t.Errorf("%s: %s is this machine: want %t, at fault %v", variable, host, here, got)
			}
		}
	}
}

// TestADatabasesAddressIsJudgedAsTheDriverReadsIt has the ways in which an address leads elsewhere, or is
// secured otherwise, than it seems.
func TestADatabasesAddressIsJudgedAsTheDriverReadsIt(t *testing.T) {
	noPG(t)
	const far = "db.contoso.example/vl?"
	for _, row := range []struct {
		name, address string
		taken         bool
	}{
		{"a socket's folder", "/vl?host=/var/run/postgresql", true},
		{"an abstract socket", "/vl?host=@vl", true},
		{"no host is this machine", "/vl?sslmode=disable", true},
		{"a host among the parameters", "/vl?host=db.contoso.example&sslmode=disable", false},
		{"another host among the parameters", "localhost/vl?host=zdb.contoso.example&sslmode=disable", false},
		{"another number for a near name", "localhost/vl?hostaddr=10.0.0.1&sslmode=disable", false},
		{"a near number for another name", far + "hostaddr=127.0.0.1&sslmode=require", false},
		{"a second host that is another machine",
			"/vl?host=localhost,db.contoso.example&sslmode=disable", false},
		{"a second number that is another machine", "/vl?hostaddr=127.0.0.1,10.0.0.1&sslmode=disable", false},
		{"a socket first, which turns TLS off for the second",
			"/vl?host=/run,db.contoso.example&sslmode=verify-full", false},
		{"several hosts, verified", "/vl?host=a.contoso.example,b.contoso.example&sslmode=verify-full", true},
		{"a mode given twice, the first counts", far + "sslmode=require&sslmode=verify-full", false},
		{"an empty mode is none", far + "sslmode=", true},
		{"a mode in other letters", far + "SSLMODE=disable", true},
		{"verified by an authority of one's own", far + "sslmode=verify-full&sslrootcert=ca.pem", true},
		{"a mode that doesn't exist", far + "sslmode=verify", false},
		{"a mode hidden in a value", far + "application_name=a'%20sslmode='disable", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := config.Load(from(with("VL_DATABASE_URL", "postgres://"+row.address)), config.All)
			var want []string
			if !row.taken {
				want = []string{"VL_DATABASE_URL"}
			}
			if got := faulty(t, err); !slices.Equal(got, want) {
				t.Fatalf("at fault %v: %v", got, err)
			}
			given := c.Database.Reveal()
			if row.taken && strings.Contains(given, "contoso") &&
				!strings.Contains(given, "sslmode=verify-full") {
				t.Errorf("the driver is given %s", given)
			}
		})
	}
}

func TestVariablesOfTheDriverLowerNothing(t *testing.T) {
	for _, row := range []struct {
		name, variable, value, address string
		taken                          bool
	}{
		{"PGSSLMODE weakens an address that has none", "PGSSLMODE", "disable",
			"postgres://db.example/vl", false},
		{"PGSSLMODE doesn't weaken one that has", "PGSSLMODE", "disable",
			"postgres://db.contoso.example/vl?sslmode=verify-full", true},
		{"PGHOST leads elsewhere", "PGHOST", "db.contoso.example", "postgres:///vl?sslmode=disable", false},
		{"PGHOSTADDR leads elsewhere", "PGHOSTADDR", "10.0.0.1",
			"postgres://localhost/vl?sslmode=disable", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			noPG(t)
			t.Setenv(row.variable, row.value)
			_, err := config.Load(from(with("VL_DATABASE_URL", row.address)), config.All)
			if got := faulty(t, err); row.taken != (got == nil) {
				t.Errorf("at fault %v: %v", got, err)
			}
		})
	}
}
