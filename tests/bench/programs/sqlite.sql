-- SPDX-License-Identifier: MIT
-- What program_sqlite does: two tables, an index, joins, an update, a deletion; on a file, with its journal.
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, size INTEGER);
CREATE TABLE sale(item INTEGER, amount INTEGER);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO item SELECT i, 'item ' || i, (i * 7919) % 1000 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
INSERT INTO sale SELECT (i * 31) % 2000 + 1, i % 17 FROM n;
COMMIT;
CREATE INDEX by_item ON sale(item);
SELECT sum(amount * size) FROM sale JOIN item ON item.id = sale.item WHERE size > 500;
SELECT size / 100, count(*), max(name) FROM item GROUP BY 1 ORDER BY 2;
UPDATE item SET size = size + 1 WHERE id % 3 = 0;
DELETE FROM sale WHERE amount = 5;
SELECT count(*) FROM sale;
