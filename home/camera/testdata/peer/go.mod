// A client that we did not write, for one test; apart, so that the program does not carry it.
module peer

go 1.26.0

require github.com/kerberos-io/onvif v1.2.2

require (
	github.com/beevik/etree v1.2.0 // indirect
	github.com/clbanning/mxj/v2 v2.7.0 // indirect
	github.com/elgs/gostrgen v0.0.0-20161222160715-9d61ae07eeae // indirect
	github.com/google/go-cmp v0.7.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/juju/errors v1.0.0 // indirect
	golang.org/x/net v0.61.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
