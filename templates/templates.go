// Package templates holds what people read: the mails, each as text and as HTML, and the pages of the invitation and of the
// development inbox. It turns data into words and knows no rules, no mail server and no HTTP.
package templates
