"""Keys: each kind for accounts and certificates, twins at one nginx, kept keys, and requests whose key is elsewhere."""

import os

import harness
import pki
from process import wait_until

TWIN_TARGET = """\
KeyType=ecdsa-p256 rsa-2048
[Deploy web]
File=fullchain {cert}
File=key {key}
File=fullchain:rsa-2048 {rsa_cert}
File=key:rsa-2048 {rsa_key}
Hook={hook}
Probe=127.0.0.1:{port}
"""


def key_of(path):
    return pki.public_key(path, "x509")


class Twins(harness.Case):
    """One nginx with an ECDSA and an RSA pair for the same name."""

    pebble_options = {"nonce_reject": 0}

    def test_twins(self):
        """twins are ordered one after the other, and a client of each kind gets its certificate from nginx"""
        name, twin = "twins.example.org", "twins.example.org.rsa-2048"
        server = self.nginx(name, start=False)
        server.write_config(second_pair=True)
        hook = server.write_hook(os.path.join(self.directory, "reload-nginx"))
        self.configure()
        self.renewd.certificate(name, TWIN_TARGET.format(cert=server.cert, key=server.key, rsa_cert=server.rsa_cert,
                                                         rsa_key=server.rsa_key, hook=hook, port=server.port))
        self.renewd.start()
        wait_until(lambda: self.renewd.live_leaf(name) and self.renewd.live_leaf(twin), 60,
                   lambda: "both are live\n" + self.renewd.tail())
        wait_until(lambda: os.path.exists(server.rsa_cert), 60, lambda: "both are in place\n" + self.renewd.tail())
        server.start()
        for certificate in (name, twin):
            wait_until(lambda c=certificate: (self.renewd.target(c, "web") or {}).get("state") == "verified", 90,
                       lambda c=certificate: f"{c} is verified\n" + self.renewd.tail())
        root = self.pebble.root(os.path.join(self.directory, "root.pem"))
        ecdsa = pki.verified_leaf_of_kind(server.port, name, root, "ecdsa")
        rsa = pki.verified_leaf_of_kind(server.port, name, root, "rsa")
        self.assertEqual(ecdsa, self.renewd.live_leaf(name))
        self.assertEqual(rsa, self.renewd.live_leaf(twin))
        self.assertNotEqual(ecdsa, rsa)
        self.assertNotIn("hook failed", self.renewd.output())  # nginx -t with half of it would
        self.assertEqual(self.renewd.show(twin)["key_type"], "rsa-2048")
        self.assertEqual(self.renewd.show(twin)["twin_of"], name)
        rows = [line.split() for line in self.renewd.ctl("status", check=False).stdout.splitlines()]
        names = [row[0] for row in rows if row]
        self.assertEqual(names.index(twin), names.index(name) + 1)

        done = self.renewd.ctl("renew", twin, "--wait", "--force")
        self.assertIn("installed", done.stdout)
        # A worker from before the reload may still take a connection.
        wait_until(lambda: pki.verified_leaf_of_kind(server.port, name, root, "rsa") != rsa, 30, "another RSA leaf is served")
        self.assertEqual(pki.verified_leaf_of_kind(server.port, name, root, "ecdsa"), ecdsa)
        self.assertEqual(self.pebble.count("/order-plz"), 3)

        done = self.renewd.ctl("renew", name, "--wait", "--force")
        lines = done.stdout.splitlines()
        self.assertLess(max(i for i, line in enumerate(lines) if line.startswith(f"{name}:")),
                        min(i for i, line in enumerate(lines) if line.startswith(f"{twin}:")))
        wait_until(lambda: pki.verified_leaf_of_kind(server.port, name, root, "ecdsa") != ecdsa, 30, "another ECDSA leaf is served")
        self.assertEqual(self.pebble.count("/order-plz"), 5)

    def test_add(self):
        """renewctl add takes two kinds of keys, and types of challenges"""
        self.configure()
        done = self.renewd.ctl("add", "added.example.org", "--no-start", "--key-type", "ecdsa-p256 rsa-3072",
                               "--challenge", "http-01 tls-alpn-01", "--ca", "pebble")
        self.assertIn("Wrote", done.stdout)
        with open(os.path.join(self.renewd.config, "certificates", "added.example.org.conf"), encoding="ascii") as file:
            written = file.read()
        self.assertIn("KeyType=ecdsa-p256 rsa-3072\n", written)
        self.assertIn("Challenge=http-01 tls-alpn-01\n", written)
        for wrong in (("--key-type", "rsa-2048 rsa-3072"), ("--key-type", "rsa-1024"), ("--challenge", "dns-02"),
                      ("--dns", "../x")):
            done = self.renewd.ctl("add", "other.example.org", "--no-start", *wrong, check=False)
            self.assertEqual(done.returncode, 3, wrong)

    def test_twins_once(self):
        """--once ends when both twins are there"""
        name = "once.example.org"
        self.configure()
        self.renewd.certificate(name, "KeyType=rsa-2048 ecdsa-p384\n")
        self.renewd.once(check=0)
        self.renewd.check_pair(name)
        self.renewd.check_pair(f"{name}.ecdsa-p384")
        self.assertNotEqual(key_of(self.renewd.live(name, "cert.pem")), key_of(self.renewd.live(f"{name}.ecdsa-p384", "cert.pem")))


class Kinds(harness.Case):
    """Kinds of keys, of accounts and of certificates."""

    pebble_options = {"nonce_reject": 0}

    def test_kinds(self):
        """each kind of key signs an account's requests and gets a certificate"""
        for kind in ("ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096"):
            with self.subTest(kind):
                name = f"{kind}.example.org"
                self.renewd = self.new_renewd()
                self.configure()
                self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca, name=kind, more=f"AccountKeyType={kind}\n")
                self.renewd.certificate(name, f"CA={kind}\nKeyType={kind}\n")
                self.renewd.once(check=0)
                self.renewd.check_pair(name)

    def refused(self, name, body, *words):
        """Ordering ends in these words, in the log and in what renewctl shows."""
        self.configure()
        self.renewd.certificate(name, body)
        self.renewd.start()
        error = wait_until(lambda: (self.renewd.show(name) or {}).get("last_error"), 60,
                           lambda: "it is refused\n" + self.renewd.tail())
        for word in words:
            self.assertIn(word, error)
            self.assertIn(word, self.renewd.output())
        return error

    def test_ed25519_account(self):
        """a CA that does not take EdDSA is told of with the key's name in the configuration"""
        self.configure()
        self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca, name="eddsa", more="AccountKeyType=ed25519\n")
        print("#", self.refused("eddsa.example.org", "CA=eddsa\n", "AccountKeyType="))

    def test_ed25519_certificate(self):
        """a CA that does not take an Ed25519 certificate is told of with KeyType=, or gives one"""
        self.configure()
        self.renewd.certificate("ed25519.example.org", "KeyType=ed25519\n")
        self.renewd.start()
        shown = wait_until(lambda: self.renewd.live_leaf("ed25519.example.org")
                           or (self.renewd.show("ed25519.example.org") or {}).get("last_error"), 60,
                           lambda: "there is an answer\n" + self.renewd.tail())
        print("#", shown if isinstance(shown, str) else "it gives one")
        if isinstance(shown, str):
            self.assertIn("KeyType=", shown)
        else:
            self.renewd.check_pair("ed25519.example.org")

    def test_reuse(self):
        """with ReuseKey= a renewal keeps the key, without it there is a new one"""
        self.configure()
        self.renewd.certificate("kept.example.org", "ReuseKey=yes\n")
        self.renewd.certificate("fresh.example.org", "")
        self.renewd.once(check=0)
        before = {n: (self.renewd.live_leaf(n), key_of(self.renewd.live(n, "cert.pem"))) for n in ("kept.example.org", "fresh.example.org")}
        self.renewd.start()
        for name, (leaf, key) in before.items():
            self.renewd.ctl("renew", name, "--wait", "--force")
            self.renewd.check_pair(name)
            self.assertNotEqual(self.renewd.live_leaf(name), leaf)
            self.assertEqual(key_of(self.renewd.live(name, "cert.pem")) == key, name == "kept.example.org")


class OwnRequest(harness.Case):
    """CertificateRequest=: the key stays elsewhere."""

    pebble_options = {"nonce_reject": 0}

    def test_own_request(self):
        """an own request is sent as it is; live/ has no key; a changed one is a new order"""
        name = "appliance.example.org"
        request, key = pki.make_request(self.directory, "own", [name, f"www.{name}"])
        target = os.path.join(self.directory, "appliance.crt")
        path = os.path.join(self.renewd.config, f"certificates/{name}.conf")
        self.configure()
        self.renewd.write(path, f"[Certificate]\nCertificateRequest={request}\n[Deploy appliance]\nFile=fullchain {target}\n")
        self.renewd.start()
        wait_until(lambda: (self.renewd.target(name, "appliance") or {}).get("state") == "verified", 60,
                   lambda: "it is installed\n" + self.renewd.tail())
        self.assertEqual(sorted(os.listdir(os.path.join(self.renewd.state, "live", name))), ["cert.pem", "chain.pem", "fullchain.pem"])
        self.assertEqual(key_of(target), pki.public_key(key, "pkey"))
        self.assertEqual(self.renewd.show(name)["names"], [name, f"www.{name}"])
        self.assertEqual([k for k in self.renewd.keys() if "accounts" not in k], [])

        self.renewd.stop()
        since = self.pebble.mark()
        self.renewd.start()
        wait_until(lambda: (self.renewd.show(name) or {}).get("state") == "valid", 30, lambda: "valid\n" + self.renewd.tail())
        self.assertEqual(self.pebble.count("/order-plz", since), 0)
        _, key = pki.make_request(self.directory, "own", [name, f"www.{name}"], ("-newkey", "rsa:2048"))
        self.renewd.reload()
        wait_until(lambda: key_of(target) == pki.public_key(key, "pkey"), 120, lambda: "a new one\n" + self.renewd.tail())
        self.assertEqual(self.pebble.count("/order-plz", since), 1)

    def test_refused_key(self):
        """a target that wants the key of an own request is refused with file and line"""
        name = "nokey.example.org"
        request, _ = pki.make_request(self.directory, "own", [name])
        self.configure()
        self.renewd.certificate(name, f"CertificateRequest={request}\n[Deploy web]\nFile=cert /tmp/c\nFile=key /tmp/k\n")
        done = self.renewd.ctl("check", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"certificates/{name}.conf:6: [Deploy web]: File=key: the key of a CertificateRequest= is elsewhere", done.stdout)


if __name__ == "__main__":
    harness.main()
