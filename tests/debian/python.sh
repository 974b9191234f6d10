# SPDX-License-Identifier: MIT
# timeout: 300
# Python: processes, threads, sockets, subprocesses, mapped files, signals, asyncio.
cat >/root/all.py <<'EOF'
import asyncio, concurrent.futures, ctypes, decimal, hashlib, json, mmap, multiprocessing, os, select, signal, socket
import sqlite3, subprocess, sys, tempfile, threading, zlib


def work(n):
    return hashlib.sha256(str(n).encode() * 1000).hexdigest()[:8]


async def served():
    async def handle(reader, writer):
        writer.write((await reader.read(100)).upper())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def ask(i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"client %d" % i)
        answer = await reader.read()
        writer.close()
        return answer
    print(sorted(await asyncio.gather(*map(ask, range(20))))[-1])


if __name__ == "__main__":
    with multiprocessing.Pool(4) as pool:
        print(pool.map(work, range(6)))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print(len(set(pool.map(work, range(200)))))
    shared = multiprocessing.Value("i", 0)

    def add():
        for _ in range(200):
            with shared.get_lock():
                shared.value += 1
    several = [multiprocessing.Process(target=add) for _ in range(4)]
    [p.start() for p in several]
    [p.join() for p in several]
    print(shared.value)
    asyncio.run(served())
    with tempfile.TemporaryFile(dir="/root") as file:
        file.truncate(1 << 20)
        area = mmap.mmap(file.fileno(), 0)
        area[:] = zlib.compress(b"x" * 100).ljust(1 << 20, b"y")
        area.flush()
        print(hashlib.md5(os.pread(file.fileno(), 1 << 20, 0)).hexdigest())
    print(subprocess.run("echo $((6 * 7)); exit 5", shell=True, capture_output=True, check=False))
    seen = []
    signal.signal(signal.SIGALRM, lambda *a: seen.append(a[0]))
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    while len(seen) < 3:
        signal.pause()
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(seen[:3])
    print(ctypes.CDLL(None).strlen(b"twelve bytes"), decimal.Decimal(2).sqrt(), sys.version_info[:2])
    base = sqlite3.connect(":memory:")
    print(base.execute("select sum(value) from json_each(?)", (json.dumps(list(range(100))),)).fetchone())
    try:
        ctypes.string_at(0)
    except Exception as error:
        print(error)
EOF
python3 /root/all.py
echo "status $?" # it reads address 0 at the end
cd /root && python3 -m venv --without-pip venv && venv/bin/python -c 'import sys; print(sys.prefix)'
python3 -m compileall -q /usr/lib/python3.11/json && echo compiled
