// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"keyhold/home/camera/freeport"
)

// Broker is an MQTT broker that is not ours, and wants a user and a password.
type Broker struct {
	Address        string // host:port
	User, Password string
	process        *Process
}

// StartBroker starts one in a folder.
func StartBroker(ctx context.Context, dir string) (*Broker, error) {
	server, err := unpacked("mosquitto", "sbin/mosquitto")
	if err != nil {
		return nil, err
	}
	tool, err := unpacked("mosquitto", "bin/mosquitto_passwd")
	if err != nil {
		return nil, err
	}
	b := &Broker{User: "hub", Password: "a word for the hub"}
	passwords := filepath.Join(dir, "passwords")
	if out, err := exec.CommandContext(ctx, tool, "-b", "-c", passwords, b.User, b.Password).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("give the broker a password: %w\n%s", err, out)
	}
	if b.Address, err = freeport.Address(ctx); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(b.Address)
	if err != nil {
		return nil, err
	}
	conf := "listener " + port + " 127.0.0.1\nallow_anonymous false\npassword_file " + passwords + "\npersistence false\nlog_dest stderr\n"
	if os.Getuid() == 0 {
		conf += "user root\n"
	}
	file := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("configure the broker: %w", err)
	}
	if b.process, err = Start("mosquitto", filepath.Join(dir, "mosquitto.log"), nil, server, "-c", file); err != nil {
		return nil, err
	}
	if err := b.process.Until(ctx, time.Minute, "listening", func(ctx context.Context) bool { return Listens(ctx, b.Address) }); err != nil {
		return nil, errors.Join(err, b.process.Stop())
	}
	return b, nil
}

// URL is its address with the user and a password.
func (b *Broker) URL(password string) string {
	return (&url.URL{Scheme: "mqtt", User: url.UserPassword(b.User, password), Host: b.Address}).String()
}

// Publish says something at a topic, as a program does that is not ours either.
func (b *Broker) Publish(ctx context.Context, topic, message string, more ...string) error {
	program, err := exec.LookPath("mosquitto_pub")
	if err != nil {
		return fmt.Errorf("publish: %w; scripts/setup test installs it", err)
	}
	host, port, err := net.SplitHostPort(b.Address)
	if err != nil {
		return err
	}
	args := append([]string{"-h", host, "-p", port, "-u", b.User, "-P", b.Password, "-t", topic, "-m", message, "-q", "1"}, more...)
	if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("publish: %w\n%s", err, out)
	}
	return nil
}

// Stop ends it.
func (b *Broker) Stop() error { return b.process.Stop() }

// unpacked finds a program that scripts/setup has only unpacked, or that is installed.
func unpacked(pack, program string) (string, error) {
	if path, err := exec.LookPath(filepath.Base(program)); err == nil {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	path, err := exec.LookPath(filepath.Join(cache, "keyhold", "unpacked", pack, "usr", program))
	if err != nil {
		return "", fmt.Errorf("%s is not there; scripts/setup test fetches it: %w", pack, err)
	}
	return path, nil
}
