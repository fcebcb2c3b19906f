"""Another key for the same account."""

import os
import shutil

import acme_case
from process import Process


class Rollover(acme_case.AcmeCase):
    """What the CA says of a new key is not believed before it was used."""

    def begin(self, name):
        self.requests = self.proxy()
        self.configure(url=self.requests.directory_url)
        self.renewd.certificate(name, "")
        self.renewd.start()
        self.wait_live(name)

    def key(self, ca="pebble"):
        return os.path.realpath(os.path.join(self.renewd.state, "signer/accounts", ca, "current"))

    def issue(self, name):
        self.renewd.certificate(name, "")
        self.renewd.reload()
        self.wait_live(name)
        self.check_chain(name)

    def test_good(self):
        """Z-18: the account has a new key, the old one is destroyed, and the next certificate is ordered with it"""
        self.begin("first.example.org")
        old = self.key()
        self.renewd.ctl("account", "rollover", "pebble")
        self.assertNotEqual(self.key(), old)
        self.assertFalse(os.path.exists(old))
        self.assertEqual(self.requests.count("POST", "/rollover-account-key"), 1)
        accounts = self.requests.count("POST", "/sign-me-up")
        self.issue("second.example.org")
        self.assertEqual(self.requests.count("POST", "/sign-me-up"), accounts)

    def test_foreign(self):
        """Z-18: a key that is another account's is found out, also where the CA says yes; the old key stays and works"""
        self.begin("mine.example.org")
        self.renewd.authority(self.requests.directory_url, self.pebble.tls_ca, "other")
        self.renewd.certificate("theirs.example.org", "CA=other\n")
        self.renewd.reload()
        self.wait_live("theirs.example.org")
        old, foreign = self.key(), os.path.join(self.directory, "foreign.pem")
        shutil.copy(self.key("other"), foreign)
        done = self.renewd.ctl("account", "rollover", "pebble", "--key-file", foreign, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("keeps its old key", done.stdout)
        self.assertEqual(self.key(), old)
        said = [r for r in self.requests.requests if r.path.startswith("/rollover-account-key") and r.problem != "badNonce"]
        self.assertEqual([r.status for r in said], [500 if acme_case.VERSION == "2.4" else 200])
        self.issue("again.example.org")

    def test_killed(self):
        """Z-17: kill -9 while the answer to a rollover is on its way: the account goes on with the key that the CA has"""
        name = "killed.example.org"
        self.begin(name)
        old = self.key()
        gate = self.requests.gate("POST", "/rollover-account-key")
        child = Process([self.installation.renewctl, *self.renewd.directories(), "account", "rollover", "pebble"],
                        os.path.join(self.directory, "rollover.log"))
        self.addCleanup(child.stop)
        self.assertTrue(gate.reached.wait(60), "no rollover\n" + self.renewd.tail())
        self.renewd.process.kill()
        gate.drop()
        self.renewd.start()
        self.issue("afterwards.example.org")
        self.assertNotEqual(self.key(), old)
        self.assertFalse(os.path.exists(old))


if __name__ == "__main__":
    acme_case.main()
