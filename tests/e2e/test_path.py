"""The whole way: configuration, order, HTTP-01, deployment, proof."""

import os
import time

import harness
import pki


class Path(harness.Case):
    """With the share of refused nonces that Pebble has by itself."""

    pebble_options = {"nonce_reject": 5}

    def test_whole_path(self):
        """a certificate file ends as a certificate that nginx serves, and a forced renewal as another one"""
        name = "whole.example.org"
        server = self.nginx(name)
        self.configure()
        self.renewd.certificate(name, self.target(server))
        self.renewd.start()
        first = self.renewd.wait_served(name, "web", server)
        root = self.pebble.root(os.path.join(self.directory, "root.pem"))
        self.assertEqual(pki.verified_leaf(server.port, name, root), first)
        self.renewd.check_pair(name)
        done = self.renewd.ctl("renew", name, "--wait", "--force")
        self.assertGreater(len(done.stdout.splitlines()), 2, "renew --wait shows step by step")
        second = self.renewd.wait_served(name, "web", server, other_than=first)
        self.assertNotEqual(pki.describe(first)["serial"], pki.describe(second)["serial"])
        self.renewd.check_pair(name)

    def test_rights_of_files(self):
        """the engine's user owns no key, and what is live has its rights"""
        name = "rights.example.org"
        self.configure()
        self.renewd.certificate(name, "")
        self.renewd.once(check=0)
        for path in self.renewd.keys():
            status = os.stat(path)
            self.assertEqual(status.st_mode & 0o777, 0o600, path)
            self.assertNotEqual(status.st_uid, harness.ENGINE_UID, path)
        self.assertEqual(os.stat(os.path.join(self.renewd.state, "signer")).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(os.path.join(self.renewd.state, "engine")).st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(os.path.join(self.renewd.state, "signer")).st_uid, harness.SIGNER_UID)
        self.renewd.check_pair(name)

    def test_key_types(self):
        """RSA and P-384 keys, several names, and the names as written"""
        self.configure()
        self.renewd.certificate("rsa", "KeyType=rsa-2048\n", names="b.types.example.org a.types.example.org")
        self.renewd.certificate("p384", "KeyType=ecdsa-p384\n", names="c.types.example.org")
        self.renewd.once(check=0)
        self.renewd.check_pair("rsa")
        self.renewd.check_pair("p384")

    def test_three_versions(self):
        """three versions are kept"""
        name = "versions.example.org"
        self.configure()
        self.renewd.certificate(name, "")
        self.renewd.once(check=0)
        self.renewd.start()
        for _ in range(4):
            self.renewd.ctl("renew", name, "--wait", "--force")
            time.sleep(1.1)
        self.assertLessEqual(len(os.listdir(os.path.join(self.renewd.state, "versions", name))), 3)
        self.renewd.check_pair(name)


class ManyNoncesRefused(harness.Case):
    """With every second nonce refused."""

    pebble_options = {"nonce_reject": 50}

    def test_nonces(self):
        """the way ends well though half of all nonces are refused"""
        name = "nonce.example.org"
        server = self.nginx(name)
        self.configure()
        self.renewd.certificate(name, self.target(server))
        self.renewd.start()
        self.renewd.wait_served(name, "web", server, timeout=120)


class Once(harness.Case):
    """renewd --once."""

    pebble_options = {"nonce_reject": 0}

    def test_codes(self):
        """--once: 0 when all is done, 0 again without a request, 1 when something failed, 78 without a usable configuration"""
        self.configure()
        self.renewd.certificate("once.example.org", "")
        self.renewd.once(check=0)
        since = self.pebble.mark()
        self.renewd.once(check=0)
        self.assertEqual(self.pebble.count("/order-plz", since), 0)
        self.renewd.certificate("refused", "", names="under_score.example.org")
        self.assertEqual(self.renewd.once().returncode, 1)
        self.renewd.write("renewd.conf", "[Account\nthis is no configuration\n")
        self.assertEqual(self.renewd.once().returncode, 78)

    def test_broken_file(self):
        """a broken certificate file stops that certificate only, and is named with file and line"""
        self.configure()
        self.renewd.certificate("good.example.org", "")
        self.renewd.certificate("bad.example.org", "KeyType=rsa-17\n")
        done = self.renewd.once()
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIsNotNone(self.renewd.live_leaf("good.example.org"))
        self.assertIsNone(self.renewd.live_leaf("bad.example.org"))
        self.assertRegex(done.stdout, r"bad\.example\.org\.conf:3")

    def test_open_target(self):
        """--once ends with 1 when a target is left open"""
        name = "open.example.org"
        server = self.nginx(name, start=False)
        self.configure()
        self.renewd.certificate(name, self.target(server))
        self.assertEqual(self.renewd.once(timeout=180).returncode, 1)
        self.assertIsNotNone(self.renewd.live_leaf(name))


if __name__ == "__main__":
    harness.main()
