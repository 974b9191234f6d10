# SPDX-License-Identifier: MIT
# timeout: 300
# A database on ext4: transactions, two writers, a roll-back, its own check.
cd /root || exit 1
rows=${LONG:+200000}
sqlite3 a.db "pragma journal_mode=wal; create table t(k integer primary key, v text, n int);
	with recursive c(x) as (select 1 union all select x + 1 from c where x < ${rows:-20000})
	insert into t select x, hex(x * 7919 % 10007), x * 31 % 1009 from c; create index n on t(n);"
sqlite3 a.db "begin; delete from t where n % 2; rollback; begin; update t set n = n + 1 where k % 3 = 0; commit;"
for i in 1 2; do
	(for j in $(seq 20); do
		echo ".timeout 60000
			begin immediate; insert into t(v, n) values('writer', $i); commit;"
	done | sqlite3 a.db) &
done
wait
sqlite3 a.db "select count(*), sum(n), min(v), max(v) from t; select n, count(*) from t where v = 'writer' group by n; pragma integrity_check;"
sqlite3 a.db .dump | sed "/writer/d" | md5sum
cp a.db b.db && sqlite3 b.db "vacuum; pragma integrity_check; select count(*) from t;"
