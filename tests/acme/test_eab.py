"""External account binding: keys that are right, and all the ways they are wrong."""

import base64
import os
import time

import acme_case
import ca

KID = "kid-1"
KEY = ca.EAB_KEYS[KID]


def padded(key):
    """The same octets in the other alphabet, with padding and blanks around, as some CAs hand them out."""
    return " " + base64.b64encode(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))).decode() + " "


class Bound(acme_case.AcmeCase):
    """No account without a binding."""

    pebble_options = {"eab": {KID: KEY, "kid-short": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}}

    def bind(self, name, kid, key):
        path = self.renewd.write(f"credentials/eab/{name}", f"kid={kid}\nhmac={key}\n")
        os.chmod(path, 0o600)

    def begin(self, cases):
        self.configure()
        for name, binding in cases.items():
            self.renewd.authority(self.pebble.directory_url, self.pebble.tls_ca, name)
            self.renewd.certificate(f"{name}.example.org", f"CA={name}\n")
            if binding:
                self.bind(name, *binding)
        self.renewd.start()

    def test_good(self):
        """Z-07: with a bound key the account is made, also if the key is padded"""
        # Padding needs a key whose octets are no multiple of three.
        short = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        self.assertIn("=", padded(short))
        self.begin({"right": (KID, KEY), "padded": ("kid-short", padded(short))})
        for name in ("right", "padded"):
            self.wait_live(f"{name}.example.org")
            self.check_chain(f"{name}.example.org")
        self.assertNotIn(KEY, self.renewd.output())

    def test_bad(self):
        """Z-07: without a binding, or with a wrong one, nothing is asked for again soon, and the reason is shown"""
        wrong = ca.EAB_KEYS["kid-2"]
        self.begin({"unbound": None, "wrong-mac": (KID, wrong), "wrong-kid": ("kid-9", KEY)})
        reasons = {"unbound": r"(?i)external account", "wrong-mac": r"(?i)unauthorized", "wrong-kid": r"(?i)unauthorized"}
        for name, words in reasons.items():
            with self.subTest(name):
                shown = self.shown(f"{name}.example.org", lambda s: s.get("last_error"), 60, "an error")
                self.assertRegex(shown["last_error"], words)
                self.assertGreater(shown["next_attempt"] - time.time(), 3000)
                self.assertIsNone(self.renewd.live_leaf(f"{name}.example.org"))
        self.assertNotIn(wrong, self.renewd.output())
        self.assertEqual(self.pebble.count("/order-plz", self.before), 0)

    def setUp(self):
        super().setUp()
        self.before = self.pebble.mark()


if __name__ == "__main__":
    acme_case.main()
