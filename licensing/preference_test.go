package licensing

import "testing"

func TestR08_R90_APreferenceIsOfOneAgreement(t *testing.T) {
	c, err := PreferenceChange{License: " a-1 ", Inherit: true}.Check()
	if err != nil || c.License != "A-1" || !c.Inherit {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = PreferenceChange{License: "a 1"}.Check()
	if e := refusal(t, err, Invalid, "R08"); e.Field != "license_id" {
		t.Errorf("field %q", e.Field)
	}
}
