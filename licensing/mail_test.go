package licensing

import "testing"

func TestR55_HowFarAMailIs(t *testing.T) {
	for s, want := range map[MailState]Delivery{
		MailQueued: DeliveryQueued, MailSending: DeliveryQueued, MailSent: DeliverySent,
		MailDeferred: DeliveryDeferred,
		MailRefused:  DeliveryBounced, MailGivenUp: DeliveryBounced, MailUnknown: DeliveryUnknown,
		MailDropped: "",
	} {
		if got := s.Delivery(); got != want {
			t.Errorf("%s reads %q, want %q", s, got, want)
		}
	}
}
