"""What the kill tests share: kill -9 at an answer of the CA or at a durable write, start again, and look at what came of it."""

import glob
import json
import os
import subprocess
import time

import build
import harness
import pki
from process import run, wait_until
from withhold import Proxy

# What the CA has answered when the answer is held, in the order of the way.
ANSWERS = [
    ("newNonce", "HEAD", "/nonce-plz", 1),
    ("newAccount", "POST", "/sign-me-up", 1),
    ("newOrder", "POST", "/order-plz", 1),
    ("authorization", "POST", "/authZ/", 1),
    ("challenge", "POST", "/chalZ/", 1),
    ("order after validation", "POST", "/my-order/", 1),
    ("finalize", "POST", "/finalize-order/", 1),
    ("order after finalize", "POST", "/my-order/", 2),
    ("certificate", "POST", "/certZ/", 1),
]


def state_on_disk(renewd, name):
    """What a restart will find, for a person who reads the log."""
    record = renewd.record(name)
    order = record.get("order") if isinstance(record.get("order"), dict) else {}
    words = [f"record: {json.dumps({**record, **order})[:300]}" if record else "no record"]
    words.append(f"{len(renewd.keys())} keys")
    chain = os.path.join(renewd.state, "engine/certificates", f"{name}.chain.pem")
    words.append("chain" if os.path.exists(chain) else "no chain")
    words.append("live" if renewd.live_leaf(name) else "nothing live")
    row = renewd.row(name, "web")
    words.append(f"row {row.get('state', '?')}" if row else "no row")
    return "; ".join(words)


def has_order_url(renewd, name):
    return "/my-order/" in json.dumps(renewd.record(name))


class KillCase(harness.Case):
    """What must hold after any kill and the next start."""

    pebble_options = {"nonce_reject": 0}

    def prepare(self, tag, name, url):
        # What a failed part left running would hold the port that this one listens at.
        self.doCleanups()
        self.directory = os.path.join(self.base, tag)
        os.makedirs(self.directory, exist_ok=True)
        self.renewd = self.new_renewd()
        self.server = self.nginx(name)
        self.configure(url=url)
        self.renewd.certificate(name, self.target(self.server))

    def finish(self, name, keys, timeout=100):
        """Starts again and waits for the end of the way; then the invariants."""
        self.renewd.start()
        self.renewd.wait_served(name, "web", self.server, timeout=timeout)
        self.renewd.check_pair(name)
        self.assertEqual(pki.public_key(self.server.key, "pkey"), pki.public_key(self.server.cert, "x509"))
        after = set(self.renewd.keys().values())
        self.assertTrue(set(keys.values()) <= after, "a key was lost")
        accounts = glob.glob(os.path.join(self.renewd.state, "signer/accounts/*/*.pem"))
        self.assertEqual(len(accounts), 1)
        left = [p for p in glob.glob(os.path.join(self.renewd.state, "**/.*"), recursive=True) if os.path.isfile(p)]
        self.assertEqual(left, [], "temporary files are left")
        self.renewd.stop()
        self.server.stop()


class AnswerCase(KillCase):
    """The CA has done it, and the answer never comes."""

    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.pebble)

    def tearDown(self):
        self.proxy.stop()

    def kill_at(self, victim, tag, method, path, nth):
        name = f"{tag.replace(' ', '-').lower()}.{victim.replace('renewd-', '')}.example.org"
        self.proxy.open_gates()
        self.proxy.requests.clear()
        self.prepare(f"{victim}-{tag.replace(' ', '-')}", name, self.proxy.directory_url)
        gate = self.proxy.gate(method, path, nth)
        self.renewd.start(wait=False)
        self.wait_reached(gate, tag)
        known, keys = has_order_url(self.renewd, name), self.renewd.keys()
        self.slay(victim)
        print(f"# {victim} killed at {tag}: {state_on_disk(self.renewd, name)}", flush=True)
        self.renewd.check_pair(name)
        gate.drop()
        self.finish(name, keys)
        orders = self.proxy.count("POST", "/order-plz")
        self.assertLessEqual(orders, 1 if known else 2, "a second order was made though the first one's URL was saved")

    def wait_reached(self, gate, tag):
        self.assertTrue(gate.reached.wait(60), f"no {tag}\n{self.renewd.tail()}")
        if tag == "challenge":
            # A listener that dies while the CA asks it makes the order invalid, rightly: let the CA finish.
            time.sleep(1)

    def slay(self, victim):
        """kill -9 of one program, then of what is left, as a power cut after it would."""
        if victim == "renewd":
            os.kill(self.renewd.engine() or self.renewd.process.pid, 9)
            time.sleep(0.2)
        elif victim != "all":
            for pid in self.renewd.processes(victim):
                os.kill(pid, 9)
            time.sleep(0.2)
        self.renewd.process.kill()


HELPER = """\
#!/bin/sh
export LD_PRELOAD='{library}' RENEWD_KILL_LOG='{log}' RENEWD_KILL_PROGRAM='{program}'
export RENEWD_KILL_COUNT='{count}' RENEWD_KILL_WHEN='{when}'
exec '{real}' "$@"
"""


class WriteCase(KillCase):
    """A preloaded library kills a program before or after its n-th rename or symlink."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.library = os.path.join(cls.base, "kill-at.so")
        run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", cls.library,
             os.path.join(build.CHECKOUT, "tests/fault/kill-at.c")])

    def arm(self, program, count, when):
        """The environment for the parent and engine, and a directory of helpers that load the library."""
        self.log = os.path.join(self.directory, "calls")
        with open(self.log, "w"):
            pass
        os.chmod(self.log, 0o666)
        helpers = os.path.join(self.directory, "helpers")
        os.makedirs(helpers, exist_ok=True)
        for helper in ("renewd-signer", "renewd-installer"):
            path = os.path.join(helpers, helper)
            with open(path, "w") as f:
                f.write(HELPER.format(library=self.library, log=self.log, program=program, count=count, when=when,
                                      real=os.path.join(self.installation.helpers, helper)))
            os.chmod(path, 0o755)
        environment = {**os.environ, "LD_PRELOAD": self.library, "RENEWD_KILL_LOG": self.log, "RENEWD_KILL_PROGRAM": program,
                       "RENEWD_KILL_COUNT": str(count), "RENEWD_KILL_WHEN": when}
        argv = [self.installation.renewd, *self.renewd.directories(), "--helpers", helpers]
        return argv, environment

    def calls(self, program):
        with open(self.log) as f:
            return [line.rstrip("\n") for line in f if line.startswith(program + " ")]

    def launch(self, argv, environment):
        with open(self.renewd.log, "ab") as out:
            return subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                    start_new_session=True)

    def end(self, child):
        try:
            os.killpg(child.pid, 9)
        except ProcessLookupError:
            pass
        child.wait(10)

    def undisturbed(self):
        """A whole first issuance, to learn which calls there are."""
        name = "count.writes.example.org"
        self.prepare(f"{self._testMethodName}-undisturbed", name, None)
        argv, environment = self.arm("nobody", 0, "after")
        child = self.launch(argv, environment)
        try:
            self.renewd.wait_served(name, "web", self.server, timeout=60)
        finally:
            self.end(child)
            self.server.stop()
        return {p: self.calls(p) for p in ("renewd", "renewd-signer", "renewd-installer")}

    def kill_at(self, program, number, when, call):
        name = f"{program.replace('renewd-', '')}{number}{when}.example.org"
        self.prepare(f"{program}-{number}-{when}", name, None)
        since = self.pebble.mark()
        argv, environment = self.arm(program, number, when)
        child = self.launch(argv, environment)
        try:
            wait_until(lambda: len(self.calls(program)) >= number, 60, lambda: f"{call}\n" + self.renewd.tail())
            time.sleep(0.2)
        finally:
            self.end(child)
        known, keys = has_order_url(self.renewd, name), self.renewd.keys()
        print(f"# {program} killed {when} '{call}': {state_on_disk(self.renewd, name)}", flush=True)
        self.renewd.check_pair(name)
        self.check_recovery()
        self.finish(name, keys)
        orders = self.pebble.count("/order-plz", since)
        self.assertLessEqual(orders, 1 if known else 2)

    def kill_at_all(self, program, calls):
        self.assertTrue(calls, f"{program} makes nothing durable")
        for number, call in enumerate(calls, 1):
            for when in ("before", "after"):
                with self.subTest(f"{when} {number}: {call}"):
                    self.kill_at(program, number, when, call)

    def check_recovery(self):
        """What the boot stage leaves at the target is a pair."""
        run([os.path.join(self.installation.helpers, "renewd-installer"), *self.renewd.directories(), "--recover"])
        self.assertEqual(pki.public_key(self.server.key, "pkey"), pki.public_key(self.server.cert, "x509"))
