// SPDX-License-Identifier: Apache-2.0

// Package prepared opens SQLite files with connections that prepare a statement once.
//
// To prepare a statement costs more than to run most of ours. Each connection keeps those that it has prepared and takes
// them again when it is asked for the same text. It promises that whoever uses the [sql.DB] sees no difference, and that
// what it keeps is bounded. It trusts that the texts of statements are few: values go by parameters.
package prepared

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

// most is how many statements a connection keeps. They take some kilobytes each; no store of ours has more in use.
const most = 200

// Open opens a file by its data source name with at most so many connections, which stay open.
func Open(dsn string, connections int) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	db := sql.OpenDB(connector{c})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

type connector struct{ driver.Connector }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	in, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	own, ok := in.(inner)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's connection is a %T, which lacks what is needed", in), in.Close())
	}
	return &conn{inner: own, kept: map[string]statement{}}, nil
}

// inner is what the driver's connection does beside running statements itself: without that, the sql package prepares
// each, and closes it afterwards.
type inner interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is used by one goroutine at a time, as all connections are.
type conn struct {
	inner
	kept map[string]statement // that nobody uses now, by text
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// PrepareContext takes a statement that is kept, or prepares it.
func (c *conn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if s, ok := c.kept[text]; ok {
		delete(c.kept, text)
		return &lent{s, c, text}, nil
	}
	s, err := c.inner.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	own, ok := s.(statement)
	if !ok || !keeps(text) {
		return s, nil
	}
	return &lent{own, c, text}, nil
}

// Prepare does as PrepareContext.
func (c *conn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// keeps says whether a statement may be run again. A PRAGMA may do its work while it is prepared; the rest is rare.
func keeps(text string) bool {
	verb, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	switch strings.ToUpper(strings.TrimSpace(verb)) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE":
		return true
	}
	return false
}

// Close closes what is kept, and the connection.
func (c *conn) Close() error {
	var bad error
	for _, s := range c.kept {
		bad = errors.Join(bad, s.Close())
	}
	clear(c.kept)
	return errors.Join(bad, c.inner.Close())
}

// lent is a statement in use.
type lent struct {
	statement
	conn *conn
	text string
}

// Close gives the statement back. A second one of the same text, that was in use beside it, is not kept.
func (l *lent) Close() error {
	_, twice := l.conn.kept[l.text]
	if twice || len(l.conn.kept) >= most {
		return l.statement.Close()
	}
	l.conn.kept[l.text] = l.statement
	return nil
}
