# SPDX-License-Identifier: MIT
# add: build/musl/package/musl_*.orig.tar.gz
# timeout: 900
# A C library of 1,500 files, or in the short run a part of it, built and used.
tar -xzf musl_*.orig.tar.gz -C /root && cd /root/musl-* || exit 1
if [ -n "$LONG" ]; then
	./configure --prefix=/root/musl-installed >/root/configure.log 2>&1
	echo "configure: $?"
	make -j2 >/root/make.log 2>&1
	echo "make: $?"
	make install >/dev/null && ls /root/musl-installed /root/musl-installed/lib
	compiler=/root/musl-installed/bin/musl-gcc
else
	mkdir -p obj/include/bits obj/src/regex
	sed -f tools/mkalltypes.sed arch/x86_64/bits/alltypes.h.in include/alltypes.h.in >obj/include/bits/alltypes.h
	sed 'p; s/__NR_/SYS_/' arch/x86_64/bits/syscall.h.in >obj/include/bits/syscall.h
	for f in fnmatch glob regcomp regexec regerror tre-mem; do
		gcc -std=c99 -nostdinc -O1 -D_XOPEN_SOURCE=700 -Iarch/x86_64 -Iarch/generic -Iobj/src/internal -Isrc/include \
			-Isrc/internal -Iobj/include -Iinclude -c -o obj/src/regex/$f.o src/regex/$f.c || exit 1
	done
	compiler=gcc
fi
ls obj/src/regex
size -A obj/src/regex/regcomp.o | awk '/^.text/ { print $1, $2 }'
cat >hello.c <<'EOF'
#include <stdio.h>
#include <stdlib.h>
#include <math.h>

int main(int argc, char **argv)
{
	double sum = 0;

	for (int i = 1; i < atoi(argv[1]); i++)
		sum += 1.0 / i / i;
	printf("%.6f\n", sqrt(sum * 6));
	return argc;
}
EOF
$compiler -O2 -Wall -g -o hello hello.c -lm && ./hello 100000
echo "status $?"
