// SPDX-License-Identifier: Apache-2.0

package keys

import (
	"crypto/hkdf"
	"crypto/sha256"

	"keyhold/statement/rule"
)

// PasskeyQuestion is what every passkey is asked, in bytes (WebAuthn's PRF, eval.first). Its answer is 32 bytes that
// nothing but this passkey can give.
const PasskeyQuestion = "keyhold/v1/passkey"

// answerSize is how long an answer is.
const answerSize = 32

// PasskeySecret derives the seeds of a passkey from its answer.
func PasskeySecret(answer []byte) (Secret, error) {
	if len(answer) != answerSize {
		return Secret{}, rule.Errorf(rule.Field, "keys: a passkey's answer has %d bytes; this is %d", answerSize, len(answer))
	}
	derive := func(label string) []byte {
		b, err := hkdf.Key(sha256.New, answer, nil, label, 32)
		if err != nil {
			panic("keys: passkey: " + err.Error())
		}
		return b
	}
	return Secret{Sign: derive("keyhold/v1/passkey/sign"), Reader: derive("keyhold/v1/passkey/reader")}, nil
}
