"""renewd as installed below a prefix, with its four directories, and run as its own small parent (no systemd)."""

import glob
import json
import os
import shlex
import shutil
import stat
import tempfile

import pki
from process import Process, descendants, program_of, run, wait_until


# A unix socket's path has at most 107 octets.
SOCKET_DIRECTORY_MAX = 90


class Installation:
    """Where the programs are."""

    def __init__(self, prefix, libexec="libexec", engine_uid=0, signer_uid=0):
        self.renewd = os.path.join(prefix, "sbin/renewd")
        self.renewctl = os.path.join(prefix, "bin/renewctl")
        self.helpers = os.path.join(prefix, libexec, "renewd")
        self.data = os.path.join(prefix, "lib/renewd")
        self.engine_uid = engine_uid
        self.signer_uid = signer_uid


class Renewd:
    """One renewd: configuration, state and sockets below one directory."""

    def __init__(self, installation, directory):
        self.installation = installation
        self.directory = directory
        self.config = os.path.join(directory, "config")
        self.state = os.path.join(directory, "state")
        self.runtime = os.path.join(directory, "run")
        if len(self.runtime) > SOCKET_DIRECTORY_MAX:
            self.runtime = tempfile.mkdtemp(prefix="renewd-")
            os.chmod(self.runtime, 0o755)
        self.log = os.path.join(directory, "renewd.log")
        self.process = None
        for path in (self.config, self.state, self.runtime):
            os.makedirs(path, 0o755, exist_ok=True)
        for sub in ("ca", "certificates"):
            os.makedirs(os.path.join(self.config, sub), 0o755, exist_ok=True)

    def forget_sockets(self):
        """Removes the sockets' directory if it had to be elsewhere."""
        if not self.runtime.startswith(self.directory):
            shutil.rmtree(self.runtime, ignore_errors=True)

    # -- configuration --

    def write(self, path, text):
        full = os.path.join(self.config, path)
        os.makedirs(os.path.dirname(full), 0o755, exist_ok=True)
        with open(full, "w") as f:
            f.write(text)
        os.chmod(full, 0o644)
        return full

    def configure(self, listen="", ca="pebble", more="", preflight="no"):
        """Names of tests resolve at the CA only, and its HTTP port is not 80: so no look at them before an order."""
        self.write("renewd.conf", "[Account]\nEmail=admin@example.org\nAgreeToTerms=yes\n"
                                  f"[Defaults]\nCA={ca}\nPreFlight={preflight}\n" + (f"[HTTP]\nListen={listen}\n" if listen else "") + more)

    def authority(self, url, bundle, name="pebble", more=""):
        self.write(f"ca/{name}.conf", f"[CA]\nDirectory={url}\nBundle={bundle}\nAllowPrivateAddresses=yes\n{more}")

    def certificate(self, name, body, names=None):
        return self.write(f"certificates/{name}.conf", f"[Certificate]\nNames={names or name}\n{body}")

    # -- programs --

    def directories(self):
        return ["--config", self.config, "--state", self.state, "--runtime", self.runtime, "--data", self.installation.data]

    def argv(self, *more):
        return [self.installation.renewd, *self.directories(), "--helpers", self.installation.helpers, *more]

    def start(self, *more, wait=True):
        self.process = Process(self.argv(*more), self.log)
        if wait:
            wait_until(lambda: not self.process.alive() or self.answers(), 20, lambda: "renewd answers\n" + self.output())
            assert self.process.alive(), "renewd ended at once\n" + self.output()
        return self

    def once(self, timeout=120, check=None):
        done = run(self.argv("--once"), check=False, timeout=timeout)
        with open(self.log, "a") as f:
            f.write(done.stdout)
        if check is not None:
            assert done.returncode == check, f"renewd --once: exit {done.returncode}, not {check}\n{done.stdout}"
        return done

    def stop(self):
        if self.process:
            process, self.process = self.process, None
            return process.stop()
        return None

    def reload(self):
        self.process.signal(1)

    def processes(self, program=None):
        """Pids of this renewd's processes, the parent first."""
        pids = [self.process.pid, *descendants(self.process.pid)] if self.process and self.process.alive() else []
        return [p for p in pids if program is None or program_of(p) == program]

    def engine(self):
        return next((p for p in self.processes("renewd") if p != self.process.pid), None)

    def output(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    # -- renewctl --

    def ctl(self, *args, check=True, timeout=120):
        return run([self.installation.renewctl, *self.directories(), *args], check=check, timeout=timeout)

    def answers(self):
        return os.path.exists(os.path.join(self.runtime, "manager")) and self.ctl("status", "--json", check=False).returncode in (0, 1)

    def show(self, name):
        """What the engine says of this certificate, or None."""
        done = self.ctl("show", name, "--json", check=False)
        try:
            shown = json.loads(done.stdout)
        except ValueError:
            return None
        return shown.get("certificate", shown)

    def target(self, name, target):
        shown = self.show(name)
        return next((t for t in (shown or {}).get("targets", []) if t["name"] == target), None)

    def wait_served(self, name, target, server, timeout=60, other_than=None):
        """Waits until the server shows what is live and the row says verified; returns the leaf."""
        def check():
            live = self.live_leaf(name)
            if live is None or live == other_than:
                return None
            try:
                served = server.serves()
            except OSError:
                return None
            row = self.target(name, target) or {}
            verified = row.get("state") == "verified" and row.get("leaf") == pki.leaf_id(live)
            return live if verified and served == live and server.settled() else None
        return wait_until(check, timeout, lambda: f"{name} is served and verified\n" + self.tail(), 0.2)

    # -- state on disk --

    def live(self, name, file="fullchain.pem"):
        return os.path.join(self.state, "live", name, file)

    def live_leaf(self, name):
        try:
            return pki.first_certificate(self.live(name, "cert.pem"))
        except (OSError, ValueError):
            return None

    def record(self, name):
        try:
            with open(os.path.join(self.state, "engine/certificates", f"{name}.json")) as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def row(self, name, target):
        try:
            with open(os.path.join(self.state, "installer/rows", name, f"{target}.json")) as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def keys(self):
        """Every private key in the signer's directory and in the versions: path → bytes."""
        found = {}
        for pattern in ("signer/accounts/*/*.pem", "signer/keys/*/*.pem", "versions/*/*/privkey.pem"):
            for path in glob.glob(os.path.join(self.state, pattern)):
                with open(path, "rb") as f:
                    found[path] = f.read()
        return found

    def tail(self, lines=40):
        return "\n".join(self.output().splitlines()[-lines:])

    def check_pair(self, name):
        """What is in live/ is a pair that matches, with its rights. Nothing there is fine."""
        link = os.path.join(self.state, "live", name)
        if not os.path.lexists(link):
            return
        version = os.path.realpath(link)  # once: a renewal may come between two looks
        for file in ("privkey.pem", "cert.pem", "chain.pem", "fullchain.pem"):
            assert os.path.exists(os.path.join(version, file)), f"live/{name}/{file} is missing"
        key = os.path.join(version, "privkey.pem")
        assert pki.public_key(key, "pkey") == pki.public_key(os.path.join(version, "cert.pem"), "x509"), f"live/{name} is no pair"
        mode = stat.S_IMODE(os.stat(key).st_mode)
        assert mode == 0o600, f"live/{name}/privkey.pem has mode {mode:o}"

    def command(self, *args):
        """The renewctl line a person would type."""
        return shlex.join([self.installation.renewctl, *self.directories(), *args])
