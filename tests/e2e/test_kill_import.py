"""kill -9 of each program at every durable write of an import: the former pair or the new one, never a mix, and nothing is lost."""

import os
import time

import harness
import kill
import pki
from process import wait_until

PROGRAMS = ("renewd", "renewd-signer", "renewd-installer")


class Import(kill.WriteCase):
    """A certificate from elsewhere is there, and the next one is imported."""

    def begin(self, tag, name):
        self.doCleanups()
        self.directory = os.path.join(self.base, tag)
        os.makedirs(self.directory, exist_ok=True)
        self.renewd = self.new_renewd()
        self.server = self.nginx(name)
        self.configure()
        self.renewd.certificate(name, "CA=none\n" + self.target(self.server))
        pki.make_authority(self.directory, "Paper CA")
        self.issue("first", name, 300)
        self.issue("second", name, 365)
        self.renewd.start()
        self.take(name, "first", "--wait")
        self.renewd.wait_served(name, "web", self.server)
        self.renewd.stop()

    def issue(self, which, name, days):
        request, _ = pki.make_request(self.directory, which, [name])
        pki.sign_request(self.directory, request, os.path.join(self.directory, f"{which}.pem"), days, issuer="ca")

    def take(self, name, which, *more, check=True):
        def path(file):
            return os.path.join(self.directory, file)
        return self.renewd.ctl("import", name, "--cert", path(f"{which}.pem"), "--key", path(f"{which}.key"), "--chain", path("ca.pem"),
                               *more, check=check, timeout=60)

    def leaf(self, which):
        return pki.first_certificate(os.path.join(self.directory, f"{which}.pem"))

    def disturbed(self, name, program, number, when):
        """One import that ends where it is told to; the calls of each program."""
        argv, environment = self.arm(program, number, when)
        child = self.launch(argv, environment)
        try:
            wait_until(self.renewd.answers, 20, lambda: "it answers\n" + self.renewd.tail())
            self.take(name, "second", check=False)
            wait_until(lambda: len(self.calls(program)) >= number if number else
                       self.renewd.row(name, "web").get("leaf") == pki.leaf_id(self.leaf("second")) and
                       self.renewd.row(name, "web").get("state") == "verified", 60, lambda: self.renewd.tail())
            time.sleep(0.2)
        finally:
            self.end(child)
        return {p: self.calls(p) for p in PROGRAMS}

    def check(self, name, keys):
        """What a person who tries again finds, and gets."""
        self.renewd.check_pair(name)
        self.assertIn(self.renewd.live_leaf(name), (self.leaf("first"), self.leaf("second")))
        self.renewd.start()
        self.take(name, "second", "--wait")
        self.renewd.wait_served(name, "web", self.server)
        self.assertEqual(self.renewd.live_leaf(name), self.leaf("second"))
        self.assertEqual(pki.public_key(self.server.key, "pkey"), pki.public_key(self.server.cert, "x509"))
        self.assertTrue(set(keys.values()) <= set(self.renewd.keys().values()), "a key was lost")
        self.renewd.stop()
        self.server.stop()

    def test_writes(self):
        """an import that dies anywhere is done again, or goes on by itself"""
        name = "count.import.example.org"
        self.begin("undisturbed", name)
        calls = self.disturbed(name, "nobody", 0, "after")
        self.renewd.check_pair(name)
        self.server.stop()
        self.assertGreaterEqual(len(calls["renewd"]), 2, calls)
        self.assertGreaterEqual(len(calls["renewd-signer"]), 1, calls)
        self.assertGreaterEqual(len(calls["renewd-installer"]), 6, calls)
        for program in PROGRAMS:
            for number, call in enumerate(calls[program], 1):
                for when in ("before", "after"):
                    with self.subTest(f"{program} {when} {call}"):
                        name = f"{program}{number}{when}.import.example.org"
                        self.begin(f"{program}-{number}-{when}", name)
                        self.disturbed(name, program, number, when)
                        self.check(name, self.renewd.keys())


if __name__ == "__main__":
    harness.main()
