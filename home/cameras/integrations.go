// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"

	"keyhold/home/smart"
	"keyhold/home/tell"
)

var integrations = named[smart.Integration]{
	what:   "integration",
	add:    `INSERT INTO integrations (name, integration) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
	remove: `DELETE FROM integrations WHERE name = $1`,
	all:    `SELECT name, integration FROM integrations ORDER BY name`,
}

// AddIntegration keeps an integration of a name that none has yet.
func (s *Store) AddIntegration(ctx context.Context, tx *sql.Tx, i *smart.Integration) error {
	return integrations.put(ctx, s, tx, i.Name, i)
}

// RemoveIntegration forgets an integration.
func (s *Store) RemoveIntegration(ctx context.Context, tx *sql.Tx, name string) error {
	return integrations.drop(ctx, tx, name)
}

// Integrations returns them all, by name.
func (s *Store) Integrations(ctx context.Context) ([]smart.Integration, error) {
	return integrations.list(ctx, s)
}

var channels = named[tell.Channel]{
	what:   "channel",
	add:    `INSERT INTO channels (name, channel) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
	remove: `DELETE FROM channels WHERE name = $1`,
	all:    `SELECT name, channel FROM channels ORDER BY name`,
}

// AddChannel keeps a channel of a name that none has yet.
func (s *Store) AddChannel(ctx context.Context, tx *sql.Tx, c *tell.Channel) error {
	return channels.put(ctx, s, tx, c.Name, c)
}

// RemoveChannel forgets a channel.
func (s *Store) RemoveChannel(ctx context.Context, tx *sql.Tx, name string) error {
	return channels.drop(ctx, tx, name)
}

// Channels returns them all, by name.
func (s *Store) Channels(ctx context.Context) ([]tell.Channel, error) {
	return channels.list(ctx, s)
}
