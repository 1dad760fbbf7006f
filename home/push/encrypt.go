// SPDX-License-Identifier: Apache-2.0

package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"keyhold/statement/request"
)

const (
	// record is the size of a record that is named; there is only one, and it is smaller.
	record    = 4096
	saltSize  = 16
	headSize  = saltSize + 4 + 1 + request.PushKeySize
	tagSize   = 16
	last      = 2 // the delimiter of the last record
	plainSize = request.PushSize - headSize - 1 - tagSize
)

// encrypt makes the body of a push message for a browser (RFC 8291, aes128gcm), of request.PushSize bytes whatever is said.
func encrypt(plain []byte, to *request.Subscription) ([]byte, error) {
	if len(plain) > plainSize {
		return nil, errors.New("push: a message that is too long")
	}
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("push: encrypt: %w", err)
	}
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("push: encrypt: %w", err)
	}
	return encryptWith(plain, plainSize, to, own, salt)
}

// encryptWith is encrypt with what is random, and padded to size.
func encryptWith(plain []byte, size int, to *request.Subscription, own *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	theirs, err := ecdh.P256().NewPublicKey(to.P256DH)
	if err != nil {
		return nil, fmt.Errorf("push: the browser's key is none: %w", err)
	}
	shared, err := own.ECDH(theirs)
	if err != nil {
		return nil, fmt.Errorf("push: encrypt: %w", err)
	}
	ownPublic := own.PublicKey().Bytes()
	input, err := derive(shared, to.Auth, "WebPush: info\x00"+string(to.P256DH)+string(ownPublic), sha256.Size)
	if err != nil {
		return nil, err
	}
	key, err := derive(input, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := derive(input, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("push: encrypt: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("push: encrypt: %w", err)
	}
	head := append(make([]byte, 0, headSize+size+1+tagSize), salt...)
	head = binary.BigEndian.AppendUint32(head, record)
	head = append(append(head, byte(len(ownPublic))), ownPublic...)
	content := make([]byte, max(size, len(plain))+1)
	copy(content, plain)
	content[len(plain)] = last
	return gcm.Seal(head, nonce, content, nil), nil
}

func derive(secret, salt []byte, info string, size int) ([]byte, error) {
	b, err := hkdf.Key(sha256.New, secret, salt, info, size)
	if err != nil {
		return nil, fmt.Errorf("push: encrypt: %w", err)
	}
	return b, nil
}
