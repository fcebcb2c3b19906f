"""Many signed requests of each kind of account key."""

import glob
import os

import acme_case
import pki

KEYS = {"es256": ("ecdsa-p256", "prime256v1"), "es384": ("ecdsa-p384", "secp384r1"), "rs256": ("rsa-2048", "RSA 2048")}
ORDERS = 500 if acme_case.WHOLE else 50


class Signatures(acme_case.AcmeCase):
    """Three accounts at one CA."""

    def test_orders(self):
        """Z-08: ES256, ES384 and RS256 accounts, many orders each, and no signature is ever refused"""
        self.configure()
        names, more = [], "MaxOrders=100\nRenewalInfo=no\n"  # one question a second is all that a CA is asked
        for alg, (key_type, _) in KEYS.items():
            self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca, alg, f"AccountKeyType={key_type}\n{more}")
            for i in range(ORDERS):
                names.append(f"n{i}.{alg}.example.org")
                self.renewd.certificate(names[-1], f"CA={alg}\n")
        self.renewd.once(check=0, timeout=900)
        for alg, (_, kind) in KEYS.items():
            keys = glob.glob(os.path.join(self.renewd.state, "signer/accounts", alg, "*.pem"))
            self.assertEqual([pki.key_kind(k) for k in keys], [kind])
        for name in names:
            record = self.renewd.record(name)
            self.assertEqual((record["attempts"], record["failures"]), (1, 0), name)
            self.assertIsNotNone(self.renewd.live_leaf(name), name)
        self.assertNotIn("failed", self.renewd.output())
        print(f"# measured: {len(names)} orders, {len(self.pebble.posts())} signed requests", flush=True)


if __name__ == "__main__":
    acme_case.main()
