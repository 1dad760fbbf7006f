// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
)

var errStranger = errors.New("the camera shows another certificate than before, or one that nobody vouches for")

// tls lets a camera show a certificate that it made itself, if it is the one by which it is known.
func (s *Source) tls() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // VerifyConnection is asked instead, on every connection
		VerifyConnection:   s.verify,
	}
}

func (s *Source) verify(cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) == 0 {
		return errStranger
	}
	leaf := cs.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	if s.cfg.Certificate != nil {
		if !bytes.Equal(s.cfg.Certificate, sum[:]) {
			return errStranger
		}
		return nil
	}
	others := x509.NewCertPool()
	for _, c := range cs.PeerCertificates[1:] {
		others.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: s.at.host(), Intermediates: others, CurrentTime: s.cfg.Now()})
	if err == nil {
		return nil
	}
	if s.cfg.Meet == nil {
		return errStranger
	}
	s.cfg.Meet(sum[:])
	return nil
}
