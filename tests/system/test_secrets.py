"""Whoever has the network holds no secret and no right: what the engine's user can read, hold, and get."""

import base64
import json
import os
import signal
import subprocess

import harness
import pki
import secrets_scan
import varlink
from booted import PATH
from booted_case import NAME, BootedCase
from process import run

REQUEST = {"ca": "pebble", "url": "https://localhost:14000/my-order/1", "nonce": "bm9uY2U",
           "kid": "https://localhost:14000/my-account/1"}


class Secrets(BootedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.begin()

    def test_01_unreadable(self):
        """the engine's user reads no key"""
        keys = self.keys()
        self.assertGreaterEqual(len(keys), 3)
        for path in keys:
            done = self.machine.run("runuser", "-u", "renewd", "--", "cat", path, check=False)
            self.assertNotEqual(done.returncode, 0, path)
            self.assertIn("Permission denied", done.stdout)

    def test_02_memory(self):
        """no key is in the engine's memory during and after issuance; the same scan finds one in the signer at work"""
        machine, before = self.machine, self.live()
        engine, keys, snapshots = machine.pids("renewd")[0], {}, []
        renewal = subprocess.Popen(["nsenter", "-t", str(machine.leader), "-a", "/usr/bin/env", "-i", f"PATH={PATH}", "renewctl", "renew",
                                    NAME, "--wait", "--force"], stdout=subprocess.DEVNULL)
        while renewal.poll() is None:
            # A key that a renewal has thrown away again is looked for as well.
            keys.update(self.keys())
            if len(snapshots) < 20:
                snapshots.append(secrets_scan.memory(engine, writable=True))
        self.assertEqual(renewal.wait(), 0)
        self.wait_served(other_than=before)
        snapshots.append(secrets_scan.memory(engine))
        keys.update(self.keys())
        self.assertGreaterEqual(len(snapshots), 2)
        needles = secrets_scan.all_needles(keys)
        for snapshot in snapshots:
            self.assertIn(NAME.encode(), snapshot, "the scan sees the engine's memory")
            self.assertEqual(secrets_scan.find(snapshot, needles), [])
        print(f"# {len(snapshots)} snapshots of the engine ({sum(map(len, snapshots)) >> 20} MiB), {len(keys)} keys, {len(needles)} needles: "
              "none found")
        self.assertTrue(self.seen_in_signer(needles), "the scan finds nothing in the signer at work either")

    def seen_in_signer(self, needles):
        """Keeps a signer busy with requests for the account at this CA, and stops it now and then to look."""
        others = self.machine.pids("renewd-signer")
        with self.machine.connect("/run/renewd/signer") as connection:
            self.assertNotIn("error", varlink.call(connection, "io.renewd.Signer.SignPostAsGet", {"request": REQUEST}))
            signer = next(p for p in self.machine.pids("renewd-signer") if p not in others)
            message = json.dumps({"method": "io.renewd.Signer.SignPostAsGet", "parameters": {"request": REQUEST}}).encode() + b"\0"
            for looks in range(1, 201):
                connection.sendall(message * 20)
                os.kill(signer, signal.SIGSTOP)
                found = secrets_scan.find(secrets_scan.memory(signer, writable=True), needles)
                os.kill(signer, signal.SIGCONT)
                if found:
                    print(f"# the signer at work: {found[0][0]} found at look {looks}")
                    return True
                for _ in range(20):
                    varlink.receive(connection)
        return False

    def test_03_network(self):
        """signer and installer have a network of their own: no route, no device but a loopback without address"""
        for socket_path, program in (("/run/renewd/signer", "renewd-signer"), ("/run/renewd/installer", "renewd-installer")):
            with self.machine.connect(socket_path) as connection:
                varlink.call(connection, "org.varlink.service.GetInfo")
                pid = self.machine.pids(program)[-1]
                self.assertNotEqual(os.readlink(f"/proc/{pid}/ns/net"), os.readlink(f"/proc/{self.machine.leader}/ns/net"))
                for family in ("-4", "-6"):
                    # The loopback's own entries of the local table lead to the machine itself.
                    shown = run(["nsenter", "-t", pid, "-n", "ip", family, "route", "show", "table", "all"]).stdout.splitlines()
                    self.assertEqual([line for line in shown if " dev lo " not in line], [], shown)
                links = run(["nsenter", "-t", pid, "-n", "ip", "-o", "link"]).stdout.splitlines()
                self.assertEqual([line.split(": ")[1] for line in links], ["lo"])

    def test_04_signer_refuses(self):
        """a payload of the engine's own making is not signed"""
        foreign = self.foreign_request()
        good = {**REQUEST, "url": "https://localhost:14000/order-plz"}
        elsewhere = {**good, "url": "https://elsewhere.example.org/order-plz"}
        attempt = os.path.basename(next(p for p in self.keys() if f"/signer/keys/{NAME}/" in p)).removesuffix(".pem")
        cases = [
            ("SignNewOrder", {"request": good, "certificate": NAME, "names": ["evil.example.org"]}, "NotConfigured"),
            ("SignNewOrder", {"request": good, "certificate": "unknown", "names": ["evil.example.org"]}, "UnknownCertificate"),
            ("SignNewOrder", {"request": elsewhere, "certificate": NAME, "names": [NAME]}, "Refused"),
            ("SignPostAsGet", {"request": {**good, "ca": "../pebble"}}, "UnknownCa"),
            ("SignFinalize", {"request": good, "certificate": NAME, "attempt": attempt, "csr": foreign}, "Refused"),
            ("SignPayload", {"request": good, "payload": "eyJhIjoxfQ"}, "MethodNotFound"),
            ("SignPostAsGet", {"request": good, "payload": "eyJhIjoxfQ"}, "InvalidParameter"),
            ("CertificateRequest", {"certificate": NAME, "attempt": "../../x", "names": [NAME], "create": True}, "InvalidParameter"),
            ("CertificateRequest", {"certificate": NAME, "attempt": "a-1", "names": ["evil.example.org"], "create": True}, "NotConfigured"),
        ]
        for uid in (0, self.uid("renewd")):
            for method, parameters, error in cases:
                with self.machine.connect("/run/renewd/signer", uid) as connection:
                    answer = varlink.call(connection, f"io.renewd.Signer.{method}", parameters)
                    self.assertEqual(answer.get("error", "").rpartition(".")[2], error, (method, parameters, answer))
                    self.assertNotIn("body", answer.get("parameters", {}))
        log = self.machine.run("journalctl", "-b", "-t", "renewd-signer", "--no-pager").stdout
        self.assertGreaterEqual(log.count(" refused ("), 12, log)

    def foreign_request(self):
        """A CSR for a configured name with a key that the signer did not make, base64url."""
        key, request = os.path.join(self.scratch, "foreign.key"), os.path.join(self.scratch, "foreign.csr")
        run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request,
             "-outform", "DER", "-subj", "/", "-addext", f"subjectAltName=DNS:{NAME}"])
        with open(request, "rb") as f:
            return base64.urlsafe_b64encode(f.read()).decode().rstrip("=")

    def uid(self, user):
        return int(self.machine.run("id", "-u", user).stdout)

    def test_05_installer_refuses(self):
        """a message to the installer with a path, an unknown name or a leaf that is not there is refused"""
        leaf = pki.leaf_id(self.live())
        before = self.live()
        cases = [
            ("Publish", {"certificate": NAME, "leaf": leaf}, ""),
            ("Publish", {"certificate": "../engine/certificates/" + NAME, "leaf": leaf}, "UnknownCertificate"),
            ("Publish", {"certificate": "unknown.example.org", "leaf": leaf}, "UnknownCertificate"),
            ("Publish", {"certificate": NAME, "leaf": "0" * 64}, "Mismatch"),
            ("Publish", {"certificate": NAME, "leaf": "../../x"}, "InvalidParameter"),
            ("Deploy", {"certificate": NAME, "target": "/etc/passwd", "leaf": leaf}, "UnknownTarget"),
            ("Deploy", {"certificate": NAME, "target": "other", "leaf": leaf}, "UnknownTarget"),
            ("Deploy", {"certificate": NAME, "target": "nginx", "leaf": "f" * 64}, "NotLive"),
            ("Run", {"command": "/bin/true"}, "MethodNotFound"),
            ("Inspect", {"certificate": NAME, "target": "../nginx"}, "UnknownTarget"),
        ]
        for method, parameters, error in cases:
            with self.machine.connect("/run/renewd/installer", self.uid("renewd")) as connection:
                answer = varlink.call(connection, f"io.renewd.Installer.{method}", parameters)
                self.assertEqual(answer.get("error", "").rpartition(".")[2], error, (method, parameters, answer))
        self.assertEqual(self.live(), before)

    def test_06_other_users(self):
        """other users cannot open the helpers' sockets, and are dropped should the mode ever be wrong"""
        nobody = self.uid("nobody")
        for path in ("/run/renewd/signer", "/run/renewd/installer"):
            with self.assertRaises(OSError):
                self.machine.connect(path, nobody)
            os.chmod(self.machine.path(path), 0o666)
            try:
                with self.machine.connect(path, nobody) as connection, self.assertRaises(varlink.Closed):
                    varlink.call(connection, "org.varlink.service.GetInfo")
            finally:
                os.chmod(self.machine.path(path), 0o600)
        with self.assertRaises(OSError):
            self.machine.connect("/run/renewd/manager", nobody)


if __name__ == "__main__":
    harness.main()
