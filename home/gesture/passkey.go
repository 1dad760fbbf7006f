// SPDX-License-Identifier: Apache-2.0

package gesture

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// KnownKey refuses a passkey whose own key this hub could not check gestures with.
func KnownKey(public []byte) error {
	if _, err := webauthncose.ParsePublicKey(public); err != nil {
		return rule.Errorf(rule.Field, "gesture: a passkey of a kind that is not known: %v", err)
	}
	return nil
}

// ByPasskey says whether somebody wants just this: a passkey of theirs has signed its hash as challenge, at the address
// that it was made for, after it had seen finger, face or PIN (WebAuthn Level 3, 7.2). Who comes again with the same
// gesture gets no further: one hash stands for one change.
func ByPasskey(s *roster.State, by id.Person, hash id.Hash, a *request.Assertion) error {
	key, ok := s.Passkey(a.ID)
	if owner, _ := s.PersonOf(a.ID); !ok || by == "" || owner.ID != by {
		return rule.Errorf(rule.Gesture, "gesture: not by a passkey of the person who asks for it")
	}
	p, err := parse(key, a)
	if err != nil {
		return rule.Errorf(rule.Gesture, "gesture: the passkey's answer is malformed: %v", err)
	}
	challenge := base64.RawURLEncoding.EncodeToString(hash[:])
	client, told := &p.Response.CollectedClientData, &p.Response.AuthenticatorData
	if client.Challenge != challenge || client.Type != protocol.AssertCeremony {
		return rule.Errorf(rule.Gesture, "gesture: a passkey's word on something else")
	}
	domain := sha256.Sum256([]byte(key.Domain()))
	if !rule.Off(rule.Origin) && (client.Origin != key.Origin || client.CrossOrigin || !bytes.Equal(told.RPIDHash, domain[:])) {
		return rule.Errorf(rule.Origin, "gesture: given at another address than that of the passkey")
	}
	verified := !rule.Off(rule.Verified)
	if verified && !told.Flags.UserVerified() {
		return rule.Errorf(rule.Verified, "gesture: the passkey was used without finger, face or PIN")
	}
	// The library goes through all of it once more, and checks what is left: the signature.
	rp, origins := key.Domain(), []string{key.Origin}
	if rule.Off(rule.Origin) {
		rp, origins = roster.PasskeyKeys{Origin: client.Origin}.Domain(), []string{client.Origin}
	}
	err = p.Verify(challenge, rp, "", origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false, verified, true, key.Public, protocol.SignaturePolicy{})
	if err != nil && !rule.Off(rule.Signature) {
		return rule.Errorf(rule.Signature, "gesture: the passkey's answer does not verify: %v", err)
	}
	return nil
}

func parse(key roster.PasskeyKeys, a *request.Assertion) (*protocol.ParsedCredentialAssertionData, error) {
	var r protocol.CredentialAssertionResponse
	r.ID, r.RawID = base64.RawURLEncoding.EncodeToString(key.Credential), key.Credential
	r.Type = string(protocol.PublicKeyCredentialType)
	r.AssertionResponse.ClientDataJSON = a.Client
	r.AssertionResponse.AuthenticatorData = a.Authenticator
	r.AssertionResponse.Signature = a.Signature
	return r.Parse()
}
