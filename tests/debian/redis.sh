# SPDX-License-Identifier: MIT
# timeout: 300
# The service that systemd started, its own benchmark, and what it keeps on the disk.
redis-cli ping
redis-cli config set save '' >/dev/null
redis-cli config set appendonly yes >/dev/null
redis-benchmark -q -n "${LONG:+5}2000" -c 20 -P 4 -t ping,set,get,incr,lpush,lpop,sadd,hset,mset --csv | cut -d, -f1 | sort
redis-cli flushall >/dev/null
seq 1 5000 | sed 's/.*/set key:& value-&/' | redis-cli --pipe | tail -1
redis-cli debug populate 0 >/dev/null 2>&1
redis-cli dbsize
redis-cli eval 'local n = 0; for i = 1, 5000 do n = n + #redis.call("get", "key:" .. i) end return n' 0
redis-cli bgsave >/dev/null
for i in $(seq 300); do
	redis-cli info persistence | grep -q 'rdb_bgsave_in_progress:0' && break
	sleep 0.2
done
redis-cli info persistence | tr -d '\r' | grep 'rdb_last_bgsave_status\|aof_last_write_status'
systemctl restart redis-server && redis-cli dbsize && systemctl is-active redis-server
