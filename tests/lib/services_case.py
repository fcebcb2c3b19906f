"""Real servers in a booted Debian 13, each with a certificate of its own by its shipped profile.

A table of servers (Server) becomes one case for each server and step. The steps are the same for all, and what a step
needs time for happens at all servers at once: its begin_… does it when the first case of the step comes."""

import contextlib
import glob
import json
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.request

import pki
from booted_case import Authority, BootedCase
from process import Timeout, wait_until

STEPS = (("installed", "the first certificate is installed and served"),
         ("renewed", "a renewal is picked up"),
         ("mended", "damaged files come back without an order"),
         ("retried", "a refused reload is tried again and heals by itself"),
         ("kept", "a check that refuses keeps the former certificate served"))
# The steps between the attempts of a deploy are at most a fiftieth of it.
LIFETIME = 600
DOMAIN = "example.org"
DEPLOYED = 60  # seconds that a deploy may take beside those of twenty others
GARBAGE = "this is no certificate\n"
# What makes systemd refuse, and the service run on.
REFUSALS = {"reload": "[Service]\nExecReload=\nExecReload=/bin/false\n", "restart": "[Unit]\nRefuseManualStop=yes\n"}
ACCOUNT = "[Account]\nEmail=admin@example.org\nAgreeToTerms=yes\n[Defaults]\nPreFlight=no\n"


class Server:
    """One row of the table; %n in all texts is the name of its certificate.

    configuration: path → text, written before the boot; prepare: a script run after it
    handshakes: what this test itself asks of the server: "PORT" or "PROTOCOL PORT" of openssl s_client, with a host before
    the port where it is not the loopback's first address
    files: what the profile installs, as "PATH OWNER:GROUP MODE"
    add: more arguments of renewctl add
    section: lines besides the profile's in [Deploy]
    refuses: what of the activation is made to fail: "reload", "restart", two commands (from now on; no longer), or "stop"
    where there is nothing that could refuse
    spoil: (path, line) that makes the profile's own check refuse; without it Check=/bin/false in the certificate's file does
    otherwise: beginnings of the profile's Configure= lines that cannot be taken as they are, since others have the port"""

    def __init__(self, profile, unit, configuration, handshakes, files, *, prepare="", add=(), section="", refuses="restart",
                 refusing_unit=None, spoil=None, otherwise=()):
        self.profile = profile
        self.name = f"{profile}.{DOMAIN}"
        self.units = unit.split()
        self.configuration = {self.fill(path): self.fill(text) for path, text in configuration.items()}
        self.handshakes = handshakes
        self.files = [self.fill(file).split() for file in files]
        self.prepare = self.fill(prepare)
        self.add = add
        self.section = self.fill(section)
        self.refuses = refuses
        self.refusing_unit = refusing_unit or self.units[0]
        self.otherwise = otherwise
        self.file = f"/etc/renewd/certificates/{self.name}.conf"
        path, self.spoiling = spoil or (self.file, "Check=/bin/false\n")
        self.spoiled = self.fill(path)

    def fill(self, text):
        return text.replace("%n", self.name)

    def paths(self):
        return [path for path, _, _ in self.files]

    def title(self, step):
        return f"{self.profile}: {dict(STEPS)[step]}"


class ServicesCase(BootedCase):
    authorities = [Authority("pebble", 14000, lifetime=LIFETIME)]
    servers = ()

    @classmethod
    def setUpClass(cls):
        text = sys.argv[1] if len(sys.argv) > 1 else ""
        cls.servers = [s for s in cls.servers if any(text in s.title(step) for step, _ in STEPS)]
        cls.names = [s.name for s in cls.servers]
        cls.begun, cls.seen = {}, {}
        super().setUpClass()
        cls.machine.write("/srv/root.pem", cls.root_of_authority())

    @classmethod
    def furnish(cls):
        cls.furnish_authorities()
        for path in glob.glob(cls.machine.root + "/etc/nginx/sites-enabled/*"):
            os.unlink(path)
        cls.machine.write("/etc/renewd/renewd.conf", ACCOUNT)
        for server in cls.servers:
            for path, content in server.configuration.items():
                cls.machine.write(path, content)

    @classmethod
    def root_of_authority(cls):
        def fetch():
            context = ssl._create_unverified_context()
            return urllib.request.urlopen("https://127.0.0.1:15000/roots/0", context=context, timeout=5).read()

        def try_it():
            with contextlib.suppress(OSError):
                return cls.machine.in_network(fetch)
        return wait_until(try_it, 20, "Pebble says what its root is", 0.2).decode()

    # -- what is there --

    @classmethod
    def ledger(cls, server):
        """The installer's row on disk."""
        try:
            with open(cls.machine.path(f"/var/lib/renewd/installer/rows/{server.name}/{server.profile}.json")) as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    @classmethod
    def lives(cls):
        return {s.name: cls.live(s.name) for s in cls.servers}

    @classmethod
    def verified(cls, server, leaf):
        row = cls.ledger(server)
        return row.get("state") == "verified" and row.get("leaf") == pki.leaf_id(leaf)

    @classmethod
    def words(cls, server):
        """For a failure: what renewd says of it, the unit, and both journals."""
        run = cls.machine.run
        return "\n".join([str(cls.ledger(server)), str(cls.row(server.profile, server.name)),
                          run("renewctl", "why", server.name, check=False).stdout,
                          run("systemctl", "status", "--no-pager", "-n", "15", *server.units, check=False).stdout,
                          run("journalctl", "-b", "--no-pager", "-n", "25", f"RENEWD_CERTIFICATE={server.name}", check=False).stdout])

    @classmethod
    def handshake(cls, server, what):
        """The leaf that openssl is shown, its chain and name verified, as DER."""
        *protocol, place = what.split()
        host, _, port = place.rpartition(":")
        argv = ["openssl", "s_client", "-connect", f"{host or '127.0.0.1'}:{port}", "-servername", server.name,
                "-verify_hostname", server.name, "-CAfile", "/srv/root.pem", "-verify_return_error"]
        if protocol:
            argv += ["-starttls", protocol[0]]
        if protocol and protocol[0].startswith("xmpp"):
            argv += ["-xmpphost", server.name]
        done = cls.machine.run("timeout", "10", *argv, check=False)
        pem = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", done.stdout, re.DOTALL)
        if not pem or "Verify return code: 0 (ok)" not in done.stdout:
            raise Timeout(f"{server.profile}: no handshake at {what} that verifies:\n{done.stdout[-3000:]}")
        return ssl.PEM_cert_to_DER_cert(pem.group())

    def assert_served(self, server, leaf):
        for what in server.handshakes:
            served = self.handshake(server, what)
            self.assertEqual(pki.describe(served), pki.describe(leaf), f"at {what}\n{self.words(server)}")

    def assert_verified(self, server, leaf, timeout=DEPLOYED):
        wait_until(lambda: self.verified(server, leaf), timeout, lambda: f"{server.profile} is verified\n{self.words(server)}", 0.1)
        self.assert_served(server, leaf)

    @staticmethod
    def comparable(contents):
        """PKCS#12 is salted: made anew it has other octets. What is in it is seen by the handshake after the restart."""
        return {path: ("pkcs12" if facts and path.endswith(".p12") and facts[0][:2] == b"\x30\x82" else facts and facts[0],
                       *(facts or ())[1:]) for path, facts in contents.items()}

    @classmethod
    def contents(cls, server):
        """path → octets, owner, group, mode; None where there is nothing."""
        found = {}
        for path in server.paths():
            try:
                facts = os.stat(cls.machine.path(path))
                found[path] = (cls.machine.read(path), facts.st_uid, facts.st_gid, facts.st_mode)
            except FileNotFoundError:
                found[path] = None
        return found

    # -- the steps: what is done at all servers at once --

    @classmethod
    def tell(cls, *argv):
        cls.machine.run("systemctl", *argv)

    @classmethod
    def wait_all(cls, check, timeout, interval=0.1):
        """Until it is true of all servers; the cases say of which it is not."""
        with contextlib.suppress(Timeout):
            wait_until(lambda: all(check(s) for s in cls.servers), timeout, "", interval)

    @classmethod
    def has_live(cls, server):
        """What is live was brought there."""
        leaf = cls.live(server.name)
        return leaf is not None and cls.ledger(server).get("leaf") == pki.leaf_id(leaf)

    @classmethod
    def begin_installed(cls):
        """The certificates first: so each server starts with its own configuration as it is in the profile."""
        for server in cls.servers:
            cls.machine.shell(f"set -e\n{server.prepare}")
            cls.machine.run("renewctl", "add", server.name, "--service", server.profile, "--ca", "pebble", *server.add)
            if server.section:
                cls.machine.write(server.file, cls.machine.read(server.file).decode() + server.section)
        cls.tell("enable", "--now", "renewd.service")
        cls.tell("reload", "renewd.service")
        # Of some a stand-in is there before.
        cls.wait_all(lambda s: cls.has_live(s) and all(cls.contents(s).values()), DEPLOYED)
        cls.machine.run("systemctl", "start", *(u for s in cls.servers for u in s.units), check=False)
        cls.tell("reload", "renewd.service")

    @classmethod
    def renew(cls):
        """All of them; returns when each is live."""
        before = cls.lives()
        for server in cls.servers:
            cls.machine.run("renewctl", "renew", server.name, "--force", check=False)
        cls.wait_all(lambda s: cls.live(s.name) not in (None, before[s.name]), DEPLOYED)
        return before

    @classmethod
    def begin_renewed(cls):
        cls.seen["renewed"] = cls.renew()

    @classmethod
    def begin_mended(cls):
        """A key is overwritten with other rights, a certificate deleted, and what is one file has both in turn."""
        cls.seen["mended"] = {s.name: cls.contents(s) for s in cls.servers}, cls.lives(), cls.orders()
        for number, server in enumerate(cls.servers):
            first, *others = server.paths()
            for path in others or [first] * (number % 2):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(cls.machine.path(path))
            if others or number % 2 == 0:
                cls.machine.write(first, GARBAGE, 0o666)
        cls.tell("reload", "renewd.service")

    @classmethod
    def refuse(cls, server):
        if server.refuses == "stop":
            cls.tell("stop", *server.units)
        elif isinstance(server.refuses, tuple):
            cls.machine.shell(server.refuses[0])
        else:
            cls.machine.write(f"/run/systemd/system/{server.refusing_unit}.d/refuse.conf", REFUSALS[server.refuses])

    @classmethod
    def permit(cls, server):
        if server.refuses == "stop":
            cls.machine.run("systemctl", "start", *server.units, check=False)
        elif isinstance(server.refuses, tuple):
            cls.machine.shell(server.refuses[1])
        else:
            os.unlink(cls.machine.path(f"/run/systemd/system/{server.refusing_unit}.d/refuse.conf"))

    @classmethod
    def left_open(cls, server):
        """The new leaf was brought, and what was to follow failed."""
        row = cls.ledger(server)
        said = row.get("step") or server.refuses == "stop"
        return row.get("leaf") == pki.leaf_id(cls.live(server.name)) and row.get("state") == "open" and said

    @classmethod
    def begin_retried(cls):
        for server in cls.servers:
            cls.refuse(server)
        cls.tell("daemon-reload")
        before = cls.renew()
        cls.wait_all(cls.left_open, DEPLOYED)
        rows = {s.name: (cls.ledger(s), cls.row(s.profile, s.name)) for s in cls.servers}
        for server in cls.servers:
            cls.permit(server)
        cls.tell("daemon-reload")
        cls.seen["retried"] = before, rows, cls.lives(), cls.orders()

    @classmethod
    def spoil(cls, server, undo=False):
        """The file gets a line that the check refuses, or that is one."""
        text = cls.machine.read(server.spoiled).decode()
        cls.machine.write(server.spoiled, text.removesuffix(server.spoiling) if undo else text + server.spoiling)

    @classmethod
    def went_back(cls, server):
        row = cls.ledger(server)
        return row.get("leaf") == pki.leaf_id(cls.live(server.name)) and row.get("rolled_back") and row.get("step") == "check"

    @classmethod
    def begin_kept(cls):
        files = {s.name: cls.contents(s) for s in cls.servers}
        for server in cls.servers:
            cls.spoil(server)
        cls.tell("reload", "renewd.service")
        before, kept = cls.renew(), {}
        cls.wait_all(cls.went_back, DEPLOYED)
        for server in cls.servers:
            try:
                served = [cls.handshake(server, what) for what in server.handshakes]
            except Timeout as problem:
                served = [str(problem)]
            kept[server.name] = cls.ledger(server), cls.contents(server), served
        for server in cls.servers:
            cls.spoil(server, undo=True)
        cls.tell("reload", "renewd.service")
        cls.seen["kept"] = before, files, kept, cls.lives(), cls.orders()

    # -- and what must have come of it, at each --

    def assert_configured(self, server):
        """The server's configuration has what the profile tells a person to write, but for what this machine's other servers forbid."""
        shown = json.loads(self.machine.run("renewctl", "services", "show", server.profile, "--json").stdout)
        written = re.sub(r"\s+", " ", "\n".join([*server.configuration.values(), server.prepare]))
        for line in shown["configure"]:
            line = re.sub(r"\s+", " ", line.replace("NAME", server.name)).strip()
            if line and not line.startswith(("#", ";", "<!--", "//")) and not line.startswith(server.otherwise):
                self.assertIn(line, written)

    def check_installed(self, server):
        leaf = self.live(server.name)
        self.assertIsNotNone(leaf, self.words(server))
        self.assert_verified(server, leaf)
        self.assert_configured(server)
        for path, owner, mode in server.files:
            facts = self.machine.run("stat", "-L", "-c", "%U:%G %04a", path).stdout.strip()
            self.assertEqual(facts, f"{owner} {mode}", path)

    def check_renewed(self, server):
        before, leaf = self.seen["renewed"][server.name], self.live(server.name)
        self.assertNotEqual(leaf, before, self.words(server))
        self.assert_verified(server, leaf)

    def check_mended(self, server):
        contents, lives, orders = self.seen["mended"]
        was = self.comparable(contents[server.name])
        wait_until(lambda: self.comparable(self.contents(server)) == was, DEPLOYED,
                   lambda: f"the files of {server.profile} are as they were\n{self.words(server)}", 0.1)
        self.assert_verified(server, lives[server.name])
        self.assertEqual(self.orders(), orders)

    def check_retried(self, server):
        before, rows, lives, orders = self.seen["retried"]
        row, shown = rows[server.name]
        self.assertNotEqual(lives[server.name], before[server.name], self.words(server))
        self.assertEqual((row.get("state"), row.get("leaf")), ("open", pki.leaf_id(lives[server.name])), f"{row}\n{shown}")
        if server.refuses != "stop":
            self.assertIn(row.get("step"), ("reload", "restart", "signal", "command"), f"{row}\n{shown}")
        self.assert_verified(server, lives[server.name])
        self.assertEqual(self.orders(), orders)

    def check_kept(self, server):
        before, files, kept, lives, orders = self.seen["kept"]
        row, contents, served = kept[server.name]
        self.assertNotEqual(lives[server.name], before[server.name], self.words(server))
        self.assertEqual((row.get("state"), row.get("step"), row.get("rolled_back")), ("open", "check", True), row)
        self.assertEqual(contents, files[server.name])
        self.assertEqual([pki.describe(leaf) if isinstance(leaf, bytes) else leaf for leaf in served],
                         [pki.describe(before[server.name])] * len(served))
        self.assert_verified(server, lives[server.name])
        self.assertEqual(self.orders(), orders)

    # -- one case for each server and step --

    def begin(self, step):
        """A step begins when the one before has ended at all servers, well or not."""
        before = list(self.begun)
        if before:
            self.wait_all(lambda s: self.live(s.name) and self.verified(s, self.live(s.name)), DEPLOYED)
        began = time.monotonic()
        self.begun[step] = "it was not finished"
        try:
            getattr(self, f"begin_{step}")()
            self.begun[step] = None
        except (AssertionError, OSError, subprocess.SubprocessError) as problem:
            self.begun[step] = problem
        print(f"# measured: {step}: {len(self.servers)} servers, {time.monotonic() - began:.0f} s", flush=True)

    def run_step(self, server, step):
        for name, _ in STEPS:
            if name not in self.begun:
                self.begin(name)
            if self.begun[name]:
                raise AssertionError(f"nothing could begin with '{name}': {self.begun[name]}")
            if name == step:
                break
        getattr(self, f"check_{step}")(server)

    @classmethod
    def add_cases(cls):
        """Methods of the table: the runner goes by their names."""
        for number, (step, _) in enumerate(STEPS, 1):
            for server in cls.servers:
                def case(self, server=server, step=step):
                    self.run_step(server, step)
                case.__doc__ = server.title(step)
                setattr(cls, f"test_{number}_{server.profile}", case)
        return cls
