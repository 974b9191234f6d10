#!/bin/sh
# SPDX-License-Identifier: MIT
# timeout: 180
# The everyday tools: pipelines, archives, compression, sorting, checksums, jobs, here documents.
mkdir -p /tmp/shell && cd /tmp/shell || exit 1
i=0
while [ $i -lt 300 ]; do echo "line $((i * 7919 % 1000)) of $i"; i=$((i + 1)); done >lines
sort -k2n lines | head -3
sort lines | uniq | wc -l
sha256sum <lines
awk '{ sum += $2 } END { print sum }' lines
mkdir -p tree/a/b/c && cp lines tree/a && ln -s ../lines tree/link && echo deep >tree/a/b/c/file
tar cf - tree | gzip -9 | gunzip | tar tf -
tar czf tree.tgz tree && rm -rf tree && tar xzf tree.tgz && cat tree/a/b/c/file && readlink tree/link
find tree -type f | sort
dd if=/dev/zero bs=64k count=32 2>/dev/null | sha256sum
dd if=lines bs=1 skip=5 count=3 2>/dev/null
echo
seq 1 20000 | tac | sort -n | md5sum
for n in 1 2 3 4 5; do (sleep 0.0$n; echo job $n) & done | sort
wait
cat <<END | tr a-z A-Z
here is $((6 * 7))
END
(exit 9) || echo "status $?"
true | false | true; echo "status $?"
sh -c 'kill -TERM $$'; echo "status $?"
trap 'echo trapped' USR1; kill -USR1 $$
echo "$(echo "$(echo nested)")" | sed 's/nest/t/'
yes | head -100000 | wc -l
n=0; while [ $n -lt 60 ]; do /bin/true; n=$((n + 1)); done; echo "$n commands"
xargs -n 7 echo <lines | wc -l
diff lines tree/a/lines && echo same
cmp -s lines tree.tgz || echo differs
cd / && rm -rf /tmp/shell
