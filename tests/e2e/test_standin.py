"""Stand-ins: a service that cannot start without a certificate has one of renewd's until the first real one."""

import os
import re
import shutil
import stat

import harness
import pki
from process import free_port, run, wait_until

OURS = "O = renewd stand-in"


class StandIn(harness.Case):
    """One nginx that waits for its files, and a CA that does not answer before it is told to."""

    pebble_options = {"nonce_reject": 0}

    def begin(self, name, more="", start=True, names=None, answers=False):
        self.name = name
        self.server = self.nginx(name, start=False)
        self.configure(url=None if answers else f"https://127.0.0.1:{free_port()}/dir")
        for path in (self.server.cert, self.server.key):
            os.unlink(path)  # what tests without stand-ins begin with
        self.renewd.certificate(name, more + self.target(self.server, "StandIn=yes\n"), names)
        if start:
            self.renewd.start()

    def stand_in(self):
        return wait_until(lambda: (self.renewd.target(self.name, "web") or {}).get("stand_in"), 30,
                          lambda: "a stand-in\n" + self.renewd.tail())

    def placed(self):
        wait_until(lambda: os.path.exists(self.server.cert) and self.stand_in() == "placed", 30, lambda: "placed\n" + self.renewd.tail())
        return pki.first_certificate(self.server.cert)

    def real_one(self):
        """The CA answers; the certificate that is served then."""
        self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca)
        self.renewd.reload()
        return self.renewd.wait_served(self.name, "web", self.server)

    def test_way(self):
        """nginx starts on a stand-in, and the first certificate replaces it as any other"""
        self.begin("waits.example.org", "KeyType=rsa-2048\n", names="waits.example.org www.waits.example.org")
        leaf = self.placed()
        text = pki.text_of(leaf)
        self.assertIn(OURS, text)
        self.assertIn("TLS Web Server Authentication", text)
        self.assertIn("CA:FALSE", text)
        self.assertIn("Public-Key: (2048 bit)", text)
        self.assertEqual(pki.names(leaf), {"waits.example.org", "www.waits.example.org"})
        self.assertLess(pki.lifetime(leaf), 32 * 86400)
        self.assertEqual(stat.S_IMODE(os.stat(self.server.key).st_mode), 0o600)
        self.server.start()
        self.assertEqual(self.server.serves(), leaf)
        shown = self.renewd.show(self.name)
        self.assertIn("stand-in until the first certificate is there", shown["message"])
        self.assertNotIn(shown["targets"][0]["state"], ("open", "verified"))
        self.assertIn("stand-in until the first certificate", self.renewd.ctl("show", self.name, check=False).stdout)
        self.assertEqual(self.renewd.row(self.name, "web"), {})

        real = self.real_one()
        self.assertNotIn(OURS, pki.text_of(real))
        self.renewd.check_pair(self.name)
        self.assertIsNone(self.renewd.target(self.name, "web").get("stand_in"))
        wait_until(lambda: not os.path.exists(os.path.join(self.renewd.state, "signer/stand-ins", f"{self.name}.pem")), 30,
                   "its key is gone")
        done = self.renewd.ctl("stand-in", self.name, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("nothing stands in for it", done.stdout)

    def test_by_hand(self):
        """renewctl stand-in makes another one, for further names and addresses"""
        self.begin("hand.example.org")
        first = self.placed()
        done = self.renewd.ctl("stand-in", self.name)
        self.assertIn("the stand-in is there", done.stdout)
        second = pki.first_certificate(self.server.cert)
        self.assertNotEqual(first, second)
        done = self.renewd.ctl("stand-in", self.name, "--name", "box.example.org", "--name", "192.0.2.7")
        third = pki.text_of(pki.first_certificate(self.server.cert))
        self.assertIn("DNS:box.example.org", third)
        self.assertIn("DNS:hand.example.org", third)
        self.assertIn("IP Address:192.0.2.7", third)
        self.renewd.stop()
        self.renewd.start()
        self.placed()
        self.assertIn("IP Address:192.0.2.7", pki.text_of(pki.first_certificate(self.server.cert)))
        done = self.renewd.ctl("stand-in", self.name, "--name", "a b", check=False)
        self.assertEqual(done.returncode, 3)

    def test_others(self):
        """a certificate of somebody else is left in peace until the real one is there"""
        self.begin("vendor.example.org", start=False)
        pki.make_self_signed(self.server.cert, self.server.key, "vendor's own")
        with open(self.server.cert, "rb") as file:
            vendors = file.read()
        self.server.start()
        self.renewd.start()
        wait_until(lambda: self.stand_in() == "other", 30, "it is known")
        with open(self.server.cert, "rb") as file:
            self.assertEqual(file.read(), vendors)
        self.assertIn("keeps the certificate that is there", self.renewd.target(self.name, "web")["message"])
        self.real_one()
        with open(os.path.join(self.renewd.state, "installer/original", self.name, "web", "FILE-1"), "rb") as file:
            self.assertEqual(file.read(), vendors)

    def test_broken(self):
        """a pair that does not match is replaced, and what was there is kept"""
        self.begin("broken.example.org", start=False)
        other = os.path.join(self.directory, "other.key")
        pki.make_self_signed(self.server.cert, self.server.key, "somebody")
        pki.make_self_signed(other + ".pem", other, "somebody else")
        shutil.copy(other, self.server.key)
        self.renewd.start()
        self.assertIn(OURS, pki.text_of(self.placed()))
        with open(other, "rb") as one, \
                open(os.path.join(self.renewd.state, "installer/original", self.name, "web", "FILE-0"), "rb") as kept:
            self.assertEqual(kept.read(), one.read())

    def test_kept(self):
        """a stand-in that somebody deletes comes back, and goes on over restarts as the same"""
        self.begin("kept.example.org")
        leaf = self.placed()
        os.unlink(self.server.key)
        self.renewd.reload()
        wait_until(lambda: os.path.exists(self.server.key), 30, lambda: "the key is back\n" + self.renewd.tail())
        self.renewd.stop()
        os.unlink(self.server.cert)
        self.renewd.start()
        self.assertEqual(self.placed(), leaf)
        self.assertEqual(len(re.findall("a stand-in is made", self.renewd.output())), 1)

    def recover(self):
        helpers = self.renewd.installation.helpers
        directories = self.renewd.directories()
        run(["setpriv", f"--reuid={harness.SIGNER_UID}", f"--regid={harness.SIGNER_UID}", "--clear-groups",
             os.path.join(helpers, "renewd-signer"), "--stand-ins", *directories])
        return run([os.path.join(helpers, "renewd-installer"), "--recover", *directories])

    def test_boot(self):
        """what runs early at boot makes stand-ins and puts files that are missing, without engine and network"""
        self.begin("boot.example.org", start=False)
        os.makedirs(os.path.join(self.renewd.state, "signer"), exist_ok=True)
        os.chown(os.path.join(self.renewd.state, "signer"), harness.SIGNER_UID, harness.SIGNER_UID)
        self.recover()
        leaf = pki.first_certificate(self.server.cert)
        self.assertIn(OURS, pki.text_of(leaf))
        self.recover()
        self.assertEqual(pki.first_certificate(self.server.cert), leaf)
        self.server.start()
        self.renewd.start()
        self.assertEqual(self.placed(), leaf)
        real = self.real_one()
        self.renewd.stop()
        os.unlink(self.server.cert)
        os.unlink(self.server.key)
        done = self.recover()
        self.assertIn("its files were missing", done.stdout)
        self.assertEqual(pki.first_certificate(self.server.cert), real)
        self.assertEqual(pki.public_key(self.server.key, "pkey"), pki.public_key(self.server.cert, "x509"))


if __name__ == "__main__":
    harness.main()
