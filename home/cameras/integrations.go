// SPDX-License-Identifier: Apache-2.0

package cameras

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/smart"
	"keyhold/home/state"
	"keyhold/statement/canon"
)

// AddIntegration keeps an integration of a name that none has yet. It carries a password, and is sealed.
func (s *Store) AddIntegration(ctx context.Context, tx *sql.Tx, i *smart.Integration) error {
	plain, err := canon.Marshal(i)
	if err != nil {
		return fmt.Errorf("cameras: integration: %w", err)
	}
	sealed, err := s.sealed(plain, integrationOf(i.Name))
	if err != nil {
		return fmt.Errorf("cameras: integration: %w", err)
	}
	r, err := tx.ExecContext(ctx, `INSERT INTO integrations (name, integration) VALUES ($1, $2) ON CONFLICT DO NOTHING`, i.Name, sealed)
	if err != nil {
		return fmt.Errorf("cameras: integration: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("cameras: integration: %w", ErrName)
	}
	return nil
}

// RemoveIntegration forgets an integration.
func (s *Store) RemoveIntegration(ctx context.Context, tx *sql.Tx, name string) error {
	r, err := tx.ExecContext(ctx, `DELETE FROM integrations WHERE name = $1`, name)
	if err != nil {
		return fmt.Errorf("cameras: integration: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("cameras: integration: %w", ErrNotFound)
	}
	return nil
}

// Integrations returns them all, by name.
func (s *Store) Integrations(ctx context.Context) ([]smart.Integration, error) {
	var out []smart.Integration
	err := s.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `SELECT name, integration FROM integrations ORDER BY name`, nil, func(scan func(...any) error) error {
			var name string
			var sealed []byte
			if err := scan(&name, &sealed); err != nil {
				return err
			}
			plain, err := s.opened(sealed, integrationOf(name))
			if err != nil {
				return err
			}
			var i smart.Integration
			if err := canon.Unmarshal(plain, &i); err != nil {
				return err
			}
			out = append(out, i)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cameras: integrations: %w", err)
	}
	return out, nil
}

// integrationOf keeps an integration from being opened as an address, or as another one.
func integrationOf(name string) string { return "integration/" + name }
