// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"
)

// ErrStranger says that something else is there than the camera that was added, as far as its certificate says.
var ErrStranger = errors.New("the camera shows another certificate than before, or one that nobody vouches for")

// Vouch says who vouches for a camera's certificate: whoever vouches for any, and where nobody does the one that the
// camera was added with.
type Vouch struct {
	// Host is the camera's name or address.
	Host string
	// Certificate is the hash of the one by which it is known; nil if it is known by none.
	Certificate []byte
	// Meet is told of one that nobody vouches for, which is then taken; nil where it is not.
	Meet func(sum []byte)
	Now  func() time.Time
}

// TLS lets a camera show a certificate that it made itself, if it is the one by which it is known.
func (v Vouch) TLS() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // VerifyConnection is asked instead, on every connection
		VerifyConnection:   v.verify,
	}
}

func (s *Source) tls() *tls.Config {
	return Vouch{Host: s.at.host(), Certificate: s.cfg.Certificate, Meet: s.cfg.Meet, Now: s.cfg.Now}.TLS()
}

func (v Vouch) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return ErrStranger
	}
	leaf := cs.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	if v.Certificate != nil {
		if !bytes.Equal(v.Certificate, sum[:]) {
			return ErrStranger
		}
		return nil
	}
	others := x509.NewCertPool()
	for _, c := range cs.PeerCertificates[1:] {
		others.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: v.Host, Intermediates: others, CurrentTime: v.Now()})
	if err == nil {
		return nil
	}
	if v.Meet == nil {
		return ErrStranger
	}
	v.Meet(sum[:])
	return nil
}
