"""Cases on a booted Debian 13: each file has its own machine, with Pebble, a name server for it, nginx and renewd."""

import contextlib
import glob
import json
import os
import sys
import time
import unittest

import harness
import pki
from booted import Machine, install, make_root
from process import wait_until

NAME = "www.example.org"
# Names that the machine itself can reach, for the look before an order.
NAMES = (NAME, "slow.example.org", "later.example.org", "shop.example.org")
UNITS = "/usr/lib/systemd/system"

NGINX = """\
server {{
    listen 127.0.0.1:443 ssl;
    server_name {name};
    ssl_certificate /etc/nginx/ssl/{name}.crt;
    ssl_certificate_key /etc/nginx/ssl/{name}.key;
}}
"""
PEBBLE_UNIT = """\
[Service]
Environment=PEBBLE_WFE_NONCEREJECT=5 PEBBLE_AUTHZREUSE=0 {environment}
ExecStart=/usr/bin/pebble -config /srv/{name}.json -strict -dnsserver {dns}
StandardOutput=append:/var/log/{name}.log
StandardError=append:/var/log/{name}.log
[Install]
WantedBy=multi-user.target
"""
NAMES_UNIT = """\
[Service]
ExecStart=/usr/bin/pebble-challtestsrv -management 127.0.0.1:8055 -http01 "" -https01 "" -tlsalpn01 "" -doh "" \\
    -dns01 127.0.0.1:8053 -defaultIPv4 127.0.0.1 -defaultIPv6 ""
[Install]
WantedBy=multi-user.target
"""
AUTHORITY = """\
[CA]
Directory=https://localhost:{port}/dir
AllowPrivateAddresses=yes
"""


class Authority:
    """One Pebble in the machine; lifetime of what it issues in seconds, dns: the name server that it asks."""

    def __init__(self, name, port, lifetime=None, environment="PEBBLE_VA_NOSLEEP=1", dns="127.0.0.1:8053"):
        self.name = name
        self.port = port
        self.lifetime = lifetime
        self.environment = environment
        self.dns = dns

    def unit(self):
        return PEBBLE_UNIT.format(name=self.name, environment=self.environment, dns=self.dns)

    def config(self):
        config = {"listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.port + 1000}",
                  "certificate": "/srv/pebble.pem", "privateKey": "/srv/pebble.key", "httpPort": 80, "tlsPort": 443,
                  "ocspResponderURL": "", "externalAccountBindingRequired": False}
        if self.lifetime:
            config["certificateValidityPeriod"] = self.lifetime
        return json.dumps({"pebble": config})


class BootedCase(unittest.TestCase):
    """Cases that share a machine, in their order. Class attributes say what is in it."""

    authorities = [Authority("pebble", 14000)]
    names = NAMES
    packages = None  # a list of what is installed besides, from the top of the checkout
    limits = False  # of tasks and memory shall hold in it

    @classmethod
    def setUpClass(cls):
        os.umask(0o022)
        name = os.path.basename(sys.argv[0]).removesuffix(".py").removeprefix("test_")
        cls.scratch = harness.scratch_directory(f"system-{name}")
        roots = make_root(cls.packages)
        cls.machine = Machine([install(roots[-1], harness.PLACE), *roots], os.path.join(harness.PLACE, f"machine-{name}"))
        cls.addClassCleanup(cls.machine.destroy)
        cls.furnish()
        cls.machine.boot(cls.limits)
        cls.machine.run("update-ca-certificates")

    @classmethod
    def furnish(cls):
        """What is in the machine before it boots."""
        cls.furnish_authorities()
        cls.furnish_nginx()

    @classmethod
    def furnish_authorities(cls):
        """The CAs, and the names that they and the machine know."""
        machine = cls.machine
        pki.make_authority(cls.scratch)
        pki.make_server_certificate(cls.scratch, "pebble", ["DNS:localhost", "IP:127.0.0.1"])
        for file, path in (("pebble.pem", "/srv/pebble.pem"), ("pebble.key", "/srv/pebble.key"),
                           ("ca.pem", "/usr/local/share/ca-certificates/test-ca.crt")):
            with open(os.path.join(cls.scratch, file)) as f:
                machine.write(path, f.read())
        for ca in cls.authorities:
            machine.write(f"/srv/{ca.name}.json", ca.config())
            machine.write(f"/etc/systemd/system/{ca.name}.service", ca.unit())
            machine.write(f"/etc/renewd/ca/{ca.name}.conf", AUTHORITY.format(port=ca.port))
        machine.write("/etc/systemd/system/names.service", NAMES_UNIT)
        machine.write("/etc/hosts", f"127.0.0.1 localhost {machine.name} {' '.join(cls.names)}\n::1 localhost\n")
        machine.enable("names.service", *(f"{ca.name}.service" for ca in cls.authorities))

    @classmethod
    def furnish_nginx(cls):
        """An nginx that begins with a certificate nobody issued."""
        machine = cls.machine
        for path in glob.glob(machine.root + "/etc/nginx/sites-enabled/*"):
            os.unlink(path)
        machine.write(f"/etc/nginx/conf.d/{NAME}.conf", NGINX.format(name=NAME))
        os.makedirs(machine.root + "/etc/nginx/ssl", exist_ok=True)
        pki.make_self_signed(machine.root + f"/etc/nginx/ssl/{NAME}.crt", machine.root + f"/etc/nginx/ssl/{NAME}.key", "nobody.invalid")
        machine.enable("nginx.service")

    @classmethod
    def add(cls, *more):
        """What a person does: two commands."""
        cls.machine.run("systemctl", "enable", "--now", "renewd.service")
        return cls.machine.run("renewctl", "add", NAME, "--service", "nginx", "--ca", "pebble", "--email", "admin@example.org",
                               "--agree-tos", *more).stdout

    @classmethod
    def begin(cls):
        """A machine whose nginx serves its certificate; it may be so already."""
        if cls.live() is None:
            cls.add("--wait")
        cls.wait_served()

    def setUp(self):
        began = time.monotonic()
        self.addCleanup(lambda: print(f"# {time.monotonic() - began:.0f} s", flush=True))

    # -- what is there --

    @classmethod
    def served(cls):
        with contextlib.suppress(OSError):
            return cls.machine.in_network(lambda: pki.served_leaf(443, NAME))

    @classmethod
    def answered(cls, ask, timeout=60):
        """What ask() brings from a service in the machine, which may just be restarted."""
        def attempt():
            with contextlib.suppress(OSError):
                return cls.machine.in_network(ask)
        return wait_until(attempt, timeout, lambda: "the service answers\n" + cls.journal(), 0.3)

    @classmethod
    def live(cls, name=NAME):
        try:
            link = cls.machine.path(f"/var/lib/renewd/live/{name}")
            return pki.first_certificate(os.path.join(os.path.dirname(link), os.readlink(link), "cert.pem"))
        except (OSError, ValueError):
            return None

    @classmethod
    def journal(cls, lines=60):
        return cls.machine.run("journalctl", "-b", "--no-pager", "-n", str(lines), "-t", "renewd", "-t", "renewd-signer", "-t",
                               "renewd-installer", "-t", "systemd", check=False).stdout

    @classmethod
    def show(cls, name=NAME):
        done = cls.machine.run("renewctl", "show", name, "--json", check=False)
        try:
            shown = json.loads(done.stdout)
        except ValueError:
            return {}
        return shown.get("certificate", shown)

    @classmethod
    def row(cls, target="nginx", name=NAME):
        return next((t for t in cls.show(name).get("targets", []) if t["name"] == target), {})

    @classmethod
    def wait_served(cls, timeout=60, other_than=None):
        def check():
            leaf = cls.live()
            return leaf and leaf != other_than and cls.row().get("state") == "verified" and cls.served() == leaf and leaf
        return wait_until(check, timeout, lambda: f"nginx serves it, verified: {cls.row()}\n{cls.journal()}", 0.3)

    @classmethod
    def orders(cls, ca="pebble"):
        """How many orders this CA has made: a request that its nonce check refuses makes none."""
        return cls.machine.read(f"/var/log/{ca}.log").count(b"Added order ")

    @classmethod
    def asked_for_orders(cls, ca="pebble"):
        return cls.machine.read(f"/var/log/{ca}.log").count(b"POST /order-plz")

    @classmethod
    def keys(cls):
        """Every private key in the signer's directory and in the versions: path → PEM."""
        found = {}
        root = cls.machine.path("/var/lib/renewd/")
        for pattern in ("signer/accounts/*/*.pem", "signer/keys/*/*.pem", "versions/*/*/privkey.pem"):
            for path in glob.glob(root + pattern):
                with contextlib.suppress(FileNotFoundError), open(path, "rb") as f:
                    found[path.removeprefix(cls.machine.path(""))] = f.read()
        return found

    @classmethod
    def status_text(cls):
        return cls.machine.show("renewd.service", "StatusText")

    @classmethod
    def active(cls, unit):
        return cls.machine.show(unit, "ActiveState")

    @classmethod
    def all_is_well(cls):
        return cls.machine.run("renewctl", "status", check=False).returncode == 0
