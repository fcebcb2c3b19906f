"""BIND in a network of the test's own, with a TSIG key: 127.0.0.1 is the primary, 127.0.0.2 a secondary that is late."""

import os
import subprocess
import sys

from process import Process, run, wait_until

OPTIONS = """\
options {{
    directory "{directory}";
    listen-on port 53 {{ {address}; }};
    listen-on-v6 {{ none; }};
    pid-file "{directory}/named.pid";
    session-keyfile "{directory}/session.key";
    managed-keys-directory "{directory}";
    recursion yes;
    allow-recursion {{ any; }};
    dnssec-validation no;
    allow-transfer {{ any; }};
    notify-delay {delay};
}};
controls {{ }};
"""
KEY = 'include "{key}";\n'
PRIMARY = """\
zone "{zone}" {{ type primary; file "{zone}.db"; notify explicit; also-notify {{ 127.0.0.2; }};
    update-policy {{ grant renewd-test zonesub TXT; }}; }};
"""
SECONDARY = 'zone "{zone}" {{ type secondary; primaries {{ 127.0.0.1; }}; file "{zone}.db"; allow-notify {{ 127.0.0.1; }}; }};\n'
ZONE = """\
$TTL 60
@ IN SOA ns1.example.org. hostmaster.example.org. 1 3600 600 86400 1
@ IN NS ns1.example.org.
@ IN NS ns2.example.org.
"""


def make_key():
    """A TSIG key as tsig-keygen writes it."""
    return run(["tsig-keygen", "-a", "hmac-sha256", "renewd-test"]).stdout


def server_files(directory, address, zones, records, key, delay):
    """What a server with these zones needs below its directory: name → text."""
    files = {"named.conf": OPTIONS.format(directory=directory, address=address, delay=delay) + KEY.format(key=key) +
                           "".join(zones.format(zone=zone) for zone in records)}
    if zones is PRIMARY:
        files.update({f"{zone}.db": ZONE + text for zone, text in records.items()})
    return files


def enter_own_network():
    """Begins this program anew in a network and a mount namespace of its own, where port 53 is free."""
    if os.environ.get("RENEWD_TEST_OWN_NETWORK") != "1":
        os.execvpe("unshare", ["unshare", "--net", "--mount", "--propagation", "private", sys.executable, "-B", *sys.argv],
                   {**os.environ, "RENEWD_TEST_OWN_NETWORK": "1"})
    run(["ip", "link", "set", "lo", "up"])
    run(["ip", "address", "add", "127.0.0.2/8", "dev", "lo"])  # BIND listens on addresses that an interface has


def use_resolver(directory, address):
    """What every program here asks."""
    path = os.path.join(directory, "resolv.conf")
    with open(path, "w") as f:
        f.write(f"nameserver {address}\noptions timeout:1\n")
    run(["mount", "--bind", path, os.path.realpath("/etc/resolv.conf")])


class Bind:
    """Two servers of the zones; records: what each zone has besides its NS."""

    def __init__(self, directory, records, delay=3):
        self.directory = directory
        self.records = records
        self.port = 53
        os.makedirs(directory, exist_ok=True)
        self.key = os.path.join(directory, "tsig.key")
        with open(self.key, "w") as f:
            f.write(make_key())
        self.processes = []
        for address, zones in (("127.0.0.1", PRIMARY), ("127.0.0.2", SECONDARY)):
            self.processes.append(self.start(address, zones, delay))
            for zone in records:
                self.wait_zone(zone, address)

    def wait_zone(self, zone, address):
        try:
            wait_until(lambda: self.ask("SOA", zone, address), 20, lambda: "BIND answers\n" + self.output())
        except AssertionError:
            self.stop()
            raise

    def start(self, address, zones, delay):
        directory = os.path.join(self.directory, address)
        os.makedirs(directory, exist_ok=True)
        for name, text in server_files(directory, address, zones, self.records, self.key, delay).items():
            with open(os.path.join(directory, name), "w") as f:
                f.write(text)
        path = os.path.join(directory, "named.conf")
        return Process(["named", "-g", "-c", path], os.path.join(directory, "log"))

    def ask(self, kind, name, server="127.0.0.1"):
        """Lines of the answer."""
        done = subprocess.run(["dig", "+short", "+time=1", "+tries=1", f"@{server}", name, kind], capture_output=True, text=True)
        return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]

    def secret(self):
        with open(self.key) as f:
            return next(line.split('"')[1] for line in f if "secret" in line)

    def output(self):
        return "\n".join(p.output()[-2000:] for p in self.processes)

    def stop(self):
        for process in self.processes:
            process.stop()
