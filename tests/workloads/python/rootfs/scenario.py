# Threads, processes and what the standard library makes of the kernel, without sockets.
import concurrent.futures
import ctypes
import fcntl
import hashlib
import mmap
import multiprocessing
import os
import queue
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time


def square(x):
    return x * x


def threads():
    lock, counter = threading.Lock(), [0]

    def work():
        for _ in range(1000):
            with lock:
                counter[0] += 1

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("threads", counter[0])

    tasks, results = queue.Queue(), queue.Queue()

    def serve():
        while (item := tasks.get()) is not None:
            results.put(item * 2)

    servers = [threading.Thread(target=serve) for _ in range(3)]
    for server in servers:
        server.start()
    for i in range(100):
        tasks.put(i)
    for _ in servers:
        tasks.put(None)
    for server in servers:
        server.join()
    print("queue", sum(results.get() for _ in range(100)))

    barrier, event = threading.Barrier(4), threading.Event()
    passed = []

    def meet():
        barrier.wait()
        event.wait()
        passed.append(threading.get_native_id())

    group = [threading.Thread(target=meet) for _ in range(4)]
    for one in group:
        one.start()
    event.set()
    for one in group:
        one.join()
    print("barrier", len(set(passed)), os.getpid() not in passed)
    print("timeout", threading.Condition().acquire(), event.wait(0.01), threading.Semaphore(0).acquire(timeout=0.05))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print("pool", list(pool.map(square, range(6))))


def processes():
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            print(method, pool.map(square, [1, 2, 3]))
    context = multiprocessing.get_context("fork")
    shared, condition = context.Value("i", 0), context.Condition()

    def add():
        for _ in range(50):
            with condition:
                shared.value += 1
                condition.notify_all()

    children = [context.Process(target=add) for _ in range(3)]
    for child in children:
        child.start()
    with condition:
        print("condition", condition.wait_for(lambda: shared.value == 150, timeout=60))
    for child in children:
        child.join()
    print(subprocess.run(["sort"], input="b\na\n", capture_output=True, text=True).stdout.split())
    failed = subprocess.run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True, text=True)
    print(failed.returncode, failed.stdout.strip(), failed.stderr.strip())
    try:
        subprocess.run(["/bin/sh", "-c", "while :; do :; done"], timeout=0.2)
    except subprocess.TimeoutExpired:
        print("expired")


def files():
    with open("/tmp/map", "w+b") as file:
        file.write(b"\0" * 8192)
        file.flush()
        with mmap.mmap(file.fileno(), 8192) as mapping:
            mapping[0:5] = b"hello"
            mapping.flush()
            mapping.resize(16384)
            mapping[-1] = 33
        file.seek(0)
        print(file.read(5), os.fstat(file.fileno()).st_size)
    anonymous = mmap.mmap(-1, 4096)
    pid = os.fork()
    if pid == 0:
        anonymous[:6] = b"shared"
        os._exit(9)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), anonymous[:6])
    with open("/tmp/lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with open("/tmp/lock") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                print("locked", error.errno)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(20):
            with open(f"{folder}/{i}", "w") as file:
                file.write(str(i))
        print(sum(int(open(entry.path).read()) for entry in os.scandir(folder)))
    database = sqlite3.connect("/tmp/x.db")
    database.execute("create table t(a)")
    database.executemany("insert into t values(?)", [(i,) for i in range(100)])
    database.commit()
    print(database.execute("select sum(a) from t").fetchone()[0])
    memory = os.memfd_create("memory")
    os.write(memory, b"in memory")
    print(os.pread(memory, 6, 3), os.readlink(f"/proc/self/fd/{memory}"))


def signals():
    hits = []
    signal.signal(signal.SIGUSR1, lambda number, frame: hits.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGALRM, lambda number, frame: hits.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    time.sleep(0.3)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
    print(hits, signal.sigpending(), signal.sigwait([signal.SIGUSR2]))
    print(ctypes.CDLL(None).getpid() == os.getpid(), hashlib.sha256(b"").hexdigest()[:8])
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 128))
    print(resource.getrlimit(resource.RLIMIT_NOFILE), len(os.sched_getaffinity(0)) > 0, len(os.urandom(16)))


if __name__ == "__main__":
    print(sys.version_info[:2])
    threads()
    processes()
    files()
    signals()
    print("done")
