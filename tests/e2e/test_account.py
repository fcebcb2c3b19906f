"""Accounts: made, bound, updated, rolled over, deactivated, forgotten; and revocation."""

import glob
import json
import os
import subprocess
import time
import urllib.request

import harness
import pki
from process import wait_until


KID, MAC = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


class AccountCase(harness.Case):
    """What all cases of this file need."""

    pebble_options = {"nonce_reject": 0}

    def account(self, name="pebble"):
        with open(os.path.join(self.renewd.state, "engine/accounts", f"{name}.json")) as f:
            return json.load(f)

    def current_key(self, ca="pebble"):
        return os.path.realpath(os.path.join(self.renewd.state, "signer/accounts", ca, "current"))

    def key_files(self, ca="pebble", suffix=".pem"):
        return sorted(os.path.basename(p) for p in glob.glob(os.path.join(self.renewd.state, "signer/accounts", ca, f"*{suffix}")))

    def ctl(self, *args, check=True, code=None):
        done = self.renewd.ctl(*args, check=False)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + self.renewd.tail())
        elif check:
            self.assertEqual(done.returncode, 0, done.stdout + self.renewd.tail())
        return done

    def ready(self, name, more=""):
        """A renewd with one certificate, issued."""
        self.configure(more=more)
        self.renewd.certificate(name, "")
        self.renewd.start()
        wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: f"{name} is there\n" + self.renewd.tail())

    def renew(self, name):
        before = self.renewd.live_leaf(name)
        self.ctl("renew", name, "--wait", "--force")
        wait_until(lambda: self.renewd.live_leaf(name) != before, 30, lambda: f"{name} is renewed\n" + self.renewd.tail())


class Life(AccountCase):
    """An account without binding."""

    def test_show(self):
        """account list, show, check and find"""
        self.ready("show.example.org")
        url = self.account()["account"]
        self.assertIn(url, self.ctl("account").stdout)
        self.assertIn(url, self.ctl("account", "show").stdout)
        self.assertIn("the CA says: valid", self.ctl("account", "check").stdout)
        self.assertIn(url, self.ctl("account", "find").stdout)
        shown = json.loads(self.ctl("account", "show", "pebble", "--json").stdout)
        self.assertEqual(shown["account"]["account"], url)
        self.assertEqual(shown["account"]["contact"], "admin@example.org")
        self.ctl("account", "show", "nobody", code=5)
        self.ctl("account", "dance", code=3)

    def test_shipped(self):
        """CA-02 the shipped definitions are read, and the templates as well when they are filled in"""
        self.configure()
        shipped = os.path.join(self.installation.data, "ca")
        for path in glob.glob(os.path.join(shipped, "*.conf.example")):
            with open(path) as f:
                text = f.read().replace("HOST", "ca.example.org").replace("PROVISIONER", "acme")
            lines = [line for line in text.splitlines() if not line.startswith("Bundle=")]
            self.renewd.write(f"ca/{os.path.basename(path).removesuffix('.example')}", "\n".join(lines) + "\n")
        self.renewd.start()
        names = [os.path.basename(p).removesuffix(".conf") for p in glob.glob(os.path.join(shipped, "*.conf"))]
        self.assertGreaterEqual(len(names), 8)
        for name in [*names, "step-ca", "vault"]:
            self.assertIn("there is no account", self.ctl("account", "show", name, code=1).stdout, name)
        self.ctl("check")

    def test_create_and_find(self):
        """F-06 find never makes an account, create does; X no order is needed"""
        self.configure()
        self.renewd.start()
        done = self.ctl("account", "find", code=1)
        self.assertIn("no account for this key", done.stdout)
        self.assertIn("the account is 'https://", self.ctl("account", "create").stdout)
        self.ctl("account", "find")

    def test_contact(self):
        """F-08 a changed contact is sent once, before the next order"""
        name = "contact.example.org"
        self.ready(name)
        self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca, more="Contact=other@example.org second@example.org\n")
        self.renewd.reload()
        since = self.pebble.mark()
        time.sleep(0.5)
        self.renew(name)
        self.renew(name)
        self.assertEqual(self.account()["contact"], "other@example.org second@example.org")
        self.assertEqual(self.pebble.count("/my-account/", since), 1)

    def test_rollover(self):
        """F-11 F-12 rollover: another key, verified, the old one destroyed; then an order"""
        name = "rollover.example.org"
        self.ready(name)
        old, url = self.current_key(), self.account()["account"]
        self.assertIn("the account has a new key", self.ctl("account", "rollover").stdout)
        self.assertNotEqual(self.current_key(), old)
        self.assertFalse(os.path.exists(old))
        self.assertEqual(len(self.key_files()), 1)
        self.assertEqual(self.key_files(suffix=".former"), [os.path.basename(old).replace(".pem", ".former")])
        self.renew(name)
        self.assertEqual(self.account()["account"], url)

    def test_rollover_needs_grant(self):
        """without root's grant the signer makes no key"""
        self.ready("grant.example.org")
        done = subprocess.run(["python3", "-c", GRANTLESS, os.path.join(self.renewd.runtime, "manager")], capture_output=True, text=True, timeout=60)
        self.assertIn("root has not allowed this", done.stdout + done.stderr)
        self.assertEqual(len(self.key_files()), 1)

    def test_rollover_foreign_key(self):
        """F-12 F-13 a key that is another account's: the old one stays, and works"""
        name = "foreign.example.org"
        self.ready(name)
        self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca, name="second")
        self.renewd.reload()
        time.sleep(0.5)
        self.ctl("account", "create", "second")
        self.assertNotEqual(self.account("second")["account"], self.account()["account"])
        old = self.current_key()
        done = self.ctl("account", "rollover", "pebble", "--key-file", self.current_key("second"), code=1)
        self.assertIn("the account keeps its old key", done.stdout)
        self.assertEqual(self.current_key(), old)
        self.assertFalse(os.path.lexists(os.path.join(self.renewd.state, "signer/accounts/pebble/pending")))
        self.renew(name)

    def test_deactivate(self):
        """F-10 F-16 deactivate: only with --yes; parked; another account with --new-key"""
        name = "deactivate.example.org"
        self.ready(name)
        self.ctl("account", "deactivate", code=3)
        self.assertIn("deactivated", self.ctl("account", "deactivate", "--yes").stdout)
        self.assertIn("deactivated", self.ctl("account", "show").stdout)
        since = self.pebble.mark()
        done = self.ctl("renew", name, "--wait", "--force", code=1)
        self.assertIn("the account at the CA is deactivated", done.stdout)
        self.assertEqual(self.pebble.count("/order-plz", since), 0)
        old = self.current_key()
        self.assertIn("the account is", self.ctl("account", "create", "--new-key").stdout)
        self.assertNotEqual(self.current_key(), old)
        self.renew(name)

    def test_refused(self):
        """F-16 an account that was deactivated elsewhere parks, and is not made anew"""
        name = "refused.example.org"
        self.ready(name)
        url = self.account()["account"]
        self.ctl("account", "deactivate", "--yes")
        self.renewd.stop()
        path = os.path.join(self.renewd.state, "engine/accounts/pebble.json")
        record = self.account()
        del record["status"]
        with open(path, "w") as f:
            json.dump(record, f)
        self.renewd.start()
        self.ctl("renew", name, "--wait", "--force", code=1)
        done = self.ctl("renew", name, "--wait", "--force", code=1)
        self.assertIn("the account at the CA is refused", done.stdout)
        self.assertEqual(self.account()["account"], url)


GRANTLESS = """
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(json.dumps({"method": "io.renewd.Manager.RollAccountKey", "parameters": {"ca": "pebble"}}).encode() + b"\\0")
print(s.recv(65536).decode())
"""


class Forgotten(AccountCase):
    """A CA that forgets: Pebble restarted."""

    def restart_pebble(self):
        self.pebble.stop()
        self.pebble.start()

    def test_repair(self):
        """F-15 F-17 Z-16 a forgotten account is made again with the same key, and the new URL is told"""
        name = "forgotten.example.org"
        self.ready(name)
        key, url, leaf = self.current_key(), self.account()["account"], self.renewd.live_leaf(name)
        self.restart_pebble()
        self.ctl("renew", name, "--wait", "--force", check=False)
        wait_until(lambda: self.account().get("account") not in (None, url), 120, lambda: "another account\n" + self.renewd.tail())
        self.assertEqual(self.current_key(), key)
        self.assertRegex(self.renewd.output(), r"the account was 'https://[^']*' and is 'https://")
        wait_until(lambda: self.renewd.live_leaf(name) != leaf, 60, lambda: "renewed without help\n" + self.renewd.tail())

    def test_repair_by_hand(self):
        """renewctl account repair does it at once"""
        name = "repair.example.org"
        self.ready(name)
        url = self.account()["account"]
        self.restart_pebble()
        self.assertIn("the account is", self.ctl("account", "repair").stdout)
        self.assertNotEqual(self.account()["account"], url)
        self.renew(name)


class External(AccountCase):
    """A CA that wants an external account binding."""

    pebble_options = {"nonce_reject": 0, "eab": {KID: MAC}}

    def test_binding(self):
        """E-08 G-01 without a key nothing is asked; bind, and the order goes on by itself"""
        name = "external.example.org"
        self.configure()
        self.renewd.certificate(name, "")
        since = self.pebble.mark()
        self.renewd.start()
        wait_until(lambda: "renewctl account bind" in self.renewd.output(), 30, lambda: "it is told what to do\n" + self.renewd.tail())
        self.assertEqual(self.pebble.count("/sign-me-up", since), 0)
        self.bind(MAC)
        path = os.path.join(self.renewd.config, "credentials/eab/pebble")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(os.stat(os.path.dirname(path)).st_mode & 0o777, 0o700)
        wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: f"{name} is there\n" + self.renewd.tail())
        self.assertEqual(self.account()["external_account"], KID)
        self.assertNotIn(MAC[:20], self.renewd.output())
        self.assertIn(KID, self.ctl("account", "show").stdout)

    def bind(self, mac, kid=KID, code=0):
        done = subprocess.run([self.installation.renewctl, *self.renewd.directories(), "account", "bind", "pebble", "--kid", kid],
                              input=mac + "\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stdout)
        return done

    def test_padded(self):
        """G-03 a padded key in the standard alphabet"""
        self.configure()
        self.bind(MAC + "==", code=3)  # 64 characters need no padding
        self.bind(MAC.replace("-", "+").replace("_", "/"))
        self.renewd.start()
        self.ctl("account", "create")

    def test_wrong_key(self):
        """G-04 G-05 a wrong key is sent once, parks, and the right one goes on"""
        name = "wrong.example.org"
        self.configure()
        self.bind(MAC[::-1])
        self.renewd.certificate(name, "")
        since = self.pebble.mark()
        self.renewd.start()
        wait_until(lambda: "external account key may be wrong" in self.renewd.output(), 30, lambda: "the refusal is told\n" + self.renewd.tail())
        self.ctl("renew", name, "--wait", "--force", code=1)
        self.renewd.stop()
        self.renewd.start()
        self.ctl("renew", name, "--wait", "--force", code=1)
        self.assertEqual(self.pebble.count("/sign-me-up", since), 1)
        self.bind(MAC)
        wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: f"{name} is there\n" + self.renewd.tail())

    def test_changed_key(self):
        """G-07 another key of an existing account is ignored, and that is told"""
        self.configure()
        self.bind(MAC)
        self.renewd.start()
        self.ctl("account", "create")
        url = self.account()["account"]
        self.bind("A" * 43, kid="other")
        self.ctl("account", "check")
        self.assertIn("ignored until a new one is asked for", self.renewd.output())
        self.assertEqual(self.account()["account"], url)


class Killed(AccountCase):
    """kill -9 in a rollover (Y-06)."""

    def kill(self):
        process, self.renewd.process = self.renewd.process, None
        process.kill()

    def test_pending_not_sent(self):
        """killed before keyChange: the old key goes on"""
        name = "killed-a.example.org"
        self.ready(name)
        old = self.current_key()
        self.kill()
        self.make_pending()
        self.renewd.start()
        self.renew(name)
        self.assertEqual(self.current_key(), old)
        self.assertIn("the CA did not change the account key", self.renewd.output())
        self.assertFalse(os.path.lexists(os.path.join(self.renewd.state, "signer/accounts/pebble/pending")))

    def test_answer_lost(self):
        """killed after keyChange, before its answer was heard of: the new key goes on"""
        name = "killed-b.example.org"
        self.ready(name)
        directory = os.path.join(self.renewd.state, "signer/accounts/pebble")
        old = self.current_key()
        with open(old) as f:
            text = f.read()
        self.ctl("account", "rollover")
        new = self.current_key()
        self.kill()
        self.restore(old, text)
        os.unlink(os.path.join(directory, "current"))
        os.symlink(os.path.basename(old), os.path.join(directory, "current"))
        os.symlink(os.path.basename(new), os.path.join(directory, "pending"))
        self.renewd.start()
        self.renew(name)
        self.assertEqual(self.current_key(), new)
        self.assertIn("the CA knows the account by its new key", self.renewd.output())
        self.assertFalse(os.path.exists(old))

    def restore(self, path, text):
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        os.chown(path, harness.SIGNER_UID, harness.SIGNER_UID)

    def make_pending(self):
        directory = os.path.join(self.renewd.state, "signer/accounts/pebble")
        text = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                              capture_output=True, text=True, check=True).stdout
        self.restore(os.path.join(directory, "A" * 43 + ".pem"), text)
        os.symlink("A" * 43 + ".pem", os.path.join(directory, "pending"))

    def test_killed_anywhere(self):
        """killed at 12 instants of a rollover: a key that the CA knows is there, and an order goes well"""
        name = "killed-c.example.org"
        self.ready(name)
        for i in range(12):
            rollover = subprocess.Popen([self.installation.renewctl, *self.renewd.directories(), "account", "rollover"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.01 * i)
            self.kill()
            rollover.wait(timeout=30)
            self.renewd.start()
            self.assertIn("the CA says: valid", self.ctl("account", "check").stdout)
            self.assertFalse(os.path.lexists(os.path.join(self.renewd.state, "signer/accounts/pebble/pending")))
        self.renew(name)


class Revocation(AccountCase):
    """R-01 to R-04."""

    def serial(self, name):
        return self.renewd.show(name)["serial"].lower()

    def status_at_ca(self, serial):
        url = f"https://127.0.0.1:{self.pebble.management}/cert-status-by-serial/{serial.lstrip('0')}"
        with urllib.request.urlopen(url, context=pki.trusting(self.pebble.tls_ca), timeout=5) as answer:
            return json.load(answer)

    def revoke(self, name, *args):
        serial, leaf = self.serial(name), self.renewd.live_leaf(name)
        since = self.pebble.mark()
        self.assertIn("revoked", self.ctl("revoke", name, *args).stdout)
        self.assertEqual(self.status_at_ca(serial)["Status"], "Revoked")
        self.assertEqual(self.pebble.count("/revoke-cert", since), 1)
        return leaf, serial

    def test_by_account(self):
        """R-01 by account: revoked at the CA, marked, and replaced at once"""
        name = "revoke-a.example.org"
        self.ready(name)
        leaf, serial = self.revoke(name, "--reason", "superseded")
        wait_until(lambda: self.renewd.live_leaf(name) != leaf, 60, lambda: "it is replaced\n" + self.renewd.tail())
        self.assertEqual(self.status_at_ca(serial)["Reason"], 4)
        self.assertEqual(len(self.renewd.record(name)["revoked"]), 1)

    def test_by_key(self):
        """R-03 for a compromised key: with the key, blocked for ever, another one at once"""
        name = "revoke-k.example.org"
        self.ready(name)
        leaf, _ = self.revoke(name, "--reason", "keyCompromise", "--with-key")
        wait_until(lambda: self.renewd.live_leaf(name) != leaf, 60, lambda: "it is replaced\n" + self.renewd.tail())
        self.assertEqual(len(os.listdir(os.path.join(self.renewd.state, "signer/blocked"))), 1)
        self.renewd.check_pair(name)

    def test_twice(self):
        """R-04 twice is success; --no-replace leaves it at that"""
        name = "revoke-t.example.org"
        self.ready(name)
        leaf, _ = self.revoke(name, "--no-replace")
        self.assertIn("was already revoked", self.ctl("revoke", name, "--no-replace").stdout)
        time.sleep(2)
        self.assertEqual(self.renewd.live_leaf(name), leaf)
        self.ctl("revoke", "nobody.example.org", code=5)
        self.ctl("revoke", name, "--reason", "boredom", code=3)

    def test_removed(self):
        """a certificate that is configured no more can be revoked all the same"""
        name = "revoke-r.example.org"
        self.ready(name)
        serial = self.serial(name)
        os.unlink(os.path.join(self.renewd.config, "certificates", f"{name}.conf"))
        self.renewd.reload()
        time.sleep(0.5)
        self.ctl("revoke", name)
        self.assertEqual(self.status_at_ca(serial)["Status"], "Revoked")


if __name__ == "__main__":
    harness.main()
