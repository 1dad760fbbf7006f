-- SPDX-License-Identifier: Apache-2.0
-- What a household stores is counted where it is stored, so that no write and no sweep can forget to.

-- +goose Up

ALTER TABLE households ADD COLUMN used INTEGER NOT NULL DEFAULT 0; -- bytes of objects, pages, tiles and envelopes

UPDATE households SET used =
    (SELECT COALESCE(SUM(size), 0) FROM objects WHERE objects.household = households.household)
  + (SELECT COALESCE(SUM(size), 0) FROM pages WHERE pages.household = households.household)
  + (SELECT COALESCE(SUM(length(body)), 0) FROM tiles WHERE tiles.household = households.household)
  + (SELECT COALESCE(SUM(length(bytes)), 0) FROM envelopes WHERE envelopes.household = households.household);

-- +goose StatementBegin
CREATE TRIGGER object_comes AFTER INSERT ON objects BEGIN
  UPDATE households SET used = used + NEW.size WHERE household = NEW.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER object_goes AFTER DELETE ON objects BEGIN
  UPDATE households SET used = used - OLD.size WHERE household = OLD.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER page_comes AFTER INSERT ON pages BEGIN
  UPDATE households SET used = used + NEW.size WHERE household = NEW.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER page_changes AFTER UPDATE ON pages BEGIN
  UPDATE households SET used = used + NEW.size - OLD.size WHERE household = NEW.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER page_goes AFTER DELETE ON pages BEGIN
  UPDATE households SET used = used - OLD.size WHERE household = OLD.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tile_comes AFTER INSERT ON tiles BEGIN
  UPDATE households SET used = used + length(NEW.body) WHERE household = NEW.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tile_changes AFTER UPDATE ON tiles BEGIN
  UPDATE households SET used = used + length(NEW.body) - length(OLD.body) WHERE household = NEW.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER envelope_comes AFTER INSERT ON envelopes BEGIN
  UPDATE households SET used = used + length(NEW.bytes) WHERE household = NEW.household;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER envelope_goes AFTER DELETE ON envelopes BEGIN
  UPDATE households SET used = used - length(OLD.bytes) WHERE household = OLD.household;
END;
-- +goose StatementEnd
