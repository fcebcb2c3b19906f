"""What an idle engine costs: memory after a request verified with the system's CA bundle, and wake-ups in a minute."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import time

import harness
import suites
from ca import Names, Pebble
from process import free_port, run, wait_until
from renewd import Installation, Renewd

NAME = "idle.example.org"
SYSTEM_STORE = "/etc/ssl/certs"
SETTLE_SEC = 45  # connections that nobody uses are closed in this time
MOST_PSS_KIB, MOST_ANONYMOUS_KIB = 12 * 1024, 4 * 1024


def memory(pid):
    """PSS and anonymous memory, KiB."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        text = f.read()
    return tuple(int(re.search(rf"^{field}:\s+(\d+) kB", text, re.M).group(1)) for field in ("Pss", "Anonymous"))


def switches(pid):
    """Voluntary context switches of all threads."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path) as f:
            total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))
    return total


def trust(pebble, directory):
    """Adds the CA to the system's trust store, in this process's own mount namespace only."""
    store = os.path.join(directory, "certs")
    shutil.copytree(SYSTEM_STORE, store, symlinks=True)
    shutil.copy(pebble.tls_ca, os.path.join(store, "test-ca.pem"))
    digest = run(["openssl", "x509", "-noout", "-subject_hash", "-in", pebble.tls_ca]).stdout.strip()
    os.symlink("test-ca.pem", os.path.join(store, f"{digest}.0"))
    with open(os.path.join(store, "ca-certificates.crt"), "a") as bundle, open(pebble.tls_ca) as ca:
        bundle.write(ca.read())
    run(["mount", "--bind", store, SYSTEM_STORE])


def measure(place_prefix, seconds):
    directory = harness.scratch_directory("idle")
    names = Names(directory)
    http_port = free_port()
    pebble = Pebble(os.path.join(directory, "pebble"), names, http_port)
    renewd = Renewd(Installation(place_prefix), directory)
    try:
        trust(pebble, directory)
        renewd.configure(listen=f"127.0.0.1:{http_port}")
        renewd.write("ca/pebble.conf", f"[CA]\nDirectory={pebble.directory_url}\nAllowPrivateAddresses=yes\n")
        renewd.certificate(NAME, "")
        renewd.start()
        wait_until(lambda: renewd.live_leaf(NAME), 60, lambda: "a certificate\n" + renewd.tail())
        time.sleep(30)  # the connection to the CA is kept for 20 s and then closed, which is the last thing that happens
        engine = renewd.engine()
        before = switches(engine)
        time.sleep(seconds)
        return (*memory(engine), switches(engine) - before)
    finally:
        renewd.stop()
        pebble.stop()
        names.stop()


def report(seconds):
    """Prints the figures; whether they hold."""
    pss, anonymous, woken = measure(harness.PREFIX, seconds)
    print(f"PSS                        {pss:6} KiB (at most {MOST_PSS_KIB})")
    print(f"anonymous                  {anonymous:6} KiB (at most {MOST_ANONYMOUS_KIB})")
    print(f"voluntary context switches {woken:6}     in {seconds} s (at most 0)", flush=True)
    return pss <= MOST_PSS_KIB and anonymous <= MOST_ANONYMOUS_KIB and woken == 0


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/idle", description="What an idle engine costs.")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return 0 if report(options.seconds) else 1
    place = suites.Place()
    suites.install_for_tests(place)
    environment = {**os.environ, "RENEWD_TEST_PLACE": place.directory, "RENEWD_TEST_PREFIX": place.prefix}
    return inside(options.seconds, environment).wait()


def inside(seconds, environment, **kwargs):
    """Runs the measurement where a bundle can be mounted over the system's without anybody else seeing it."""
    return subprocess.Popen([shutil.which("unshare"), "--mount", sys.executable, "-B", os.path.realpath(__file__), "--inside",
                             "--seconds", str(seconds)], env=environment, **kwargs)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
