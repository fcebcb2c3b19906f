"""tests/run ca: every cell of the matrix at the scripted CA. usage: run.py RENEWD PREFIX LEAP.SO DIRECTORY [TEXT]

Prints "ok W-08 …" and "not ok W-08 …" lines and how many cells there were; several workers, each with a CA and a machine of its own.
Without RENEWD_TEST_FULL a third of what was renewed is started once more."""

import multiprocessing
import os
import shutil
import sys
import time
import traceback

import cells_account
import cells_certificate
import cells_order
import cells_renewal_info
import cells_syntax
import cells_time
import cells_transport
from authority import Authority
from cell import Bench
from clock import DAY, Clock
from issuer import Issuer
from machine import LIFETIME, Machine
from process import free_port
from renewd import Installation
from server import Server
from tls import Identity

TABLES = (cells_transport, cells_syntax, cells_account, cells_order, cells_certificate, cells_time,
          cells_renewal_info)
CELLS_MIN = 250
FULL = bool(os.environ.get("RENEWD_TEST_FULL"))


def all_cells():
    found = [cell for table in TABLES for cell in table.cells()]
    names = [cell.name for cell in found]
    assert len(set(names)) == len(names), f"two cells of one name: {sorted({n for n in names if names.count(n) > 1})}"
    for number, cell in enumerate(found):
        cell.settles = cell.settles and (FULL or number % 3 == 0)
    return found


def make_bench(renewd, prefix, library, directory):
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory, 0o755)
    installation = Installation(prefix)
    installation.renewd = renewd
    now = time.time()
    clock = Clock(os.path.join(directory, "clock"))
    http_port = free_port()
    authority = Authority(clock, Issuer(now - 61 * DAY), http_port, LIFETIME)
    server = Server(Identity(directory, now), clock, authority)
    authority.base = f"https://127.0.0.1:{server.port}"
    machine = Machine(installation, library, directory, clock, server, authority, http_port)
    machine.prepare()
    return Bench(machine)


def describe_failure(bench, problem):
    words = problem if isinstance(problem, str) else "".join(traceback.format_exception(problem)[-3:])
    lines = [words, *(f"log: {line}" for log in bench.logs for line in log.splitlines()[-15:])]
    lines += [f"asked: {s.step} {s.method} {s.path} {s.status}" for s in bench.authority.seen[-25:]]
    lines += [f"refused by the CA: {p}" for p in bench.authority.problems]
    return [part for line in lines for part in line.splitlines()]


def work(arguments, number, todo, results):
    os.umask(0o022)
    renewd, prefix, library, directory = arguments
    bench = make_bench(renewd, prefix, library, os.path.join(directory, f"w{number}"))
    cells = {cell.name: cell for cell in all_cells()}
    for name in iter(todo.get, None):
        began = time.monotonic()
        try:
            bench.run(cells[name])
        except Exception as problem:  # any: the other cells go on
            results.put((name, describe_failure(bench, problem), time.monotonic() - began))
        else:
            results.put((name, None, time.monotonic() - began))


def show(name, words):
    for line in words or ():
        print(f"# {line}")
    if words:
        print(f"# repeat: sudo tests/run ca --only '{name}'")
    print(f"{'not ok' if words else 'ok'} {name}", flush=True)


def drain(results, workers, names):
    """Results as they come; a worker that ended too early takes the whole suite down."""
    left, slowest, failures = set(names), [], 0
    while left:
        while results.empty():
            assert any(w.is_alive() for w in workers), f"the workers ended with {len(left)} cells left"
            time.sleep(0.02)
        name, words, took = results.get()
        left.discard(name)
        failures += words is not None
        slowest.append((took, name))
        show(name, words)
    return failures, sorted(slowest, reverse=True)[:3]


def main(argv):
    arguments, only = argv[:4], argv[4] if len(argv) > 4 else ""
    names = [cell.name for cell in all_cells() if only in cell.name]
    todo, results = multiprocessing.Queue(), multiprocessing.Queue()
    count = min((os.cpu_count() or 1) + 1, len(names)) or 1
    for item in [*names, *[None] * count]:
        todo.put(item)
    workers = [multiprocessing.Process(target=work, args=(arguments, n, todo, results), daemon=True) for n in range(count)]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    failures, slowest = drain(results, workers, names)
    print(f"# {len(names)} cells in {time.monotonic() - began:.0f} s; slowest: " + ", ".join(f"{n} {t:.1f} s" for t, n in slowest))
    assert only or len(names) >= CELLS_MIN, f"only {len(names)} cells, there should be {CELLS_MIN}"
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
