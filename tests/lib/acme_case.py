"""Cases that run on each version of Pebble, with and without refused nonces: the columns of suite acme."""

import os

import harness
import pebbles
import pki
from process import wait_until
from withhold import Proxy

VERSION = os.environ.get("RENEWD_TEST_PEBBLE", "2.6")
REFUSES = os.environ.get("RENEWD_TEST_REFUSALS") == "yes"
MISSING = os.environ.get("RENEWD_TEST_MISSING")
NUMBER = pebbles.number(VERSION)
HAS_RENEWAL_INFO = NUMBER >= (2, 6)
HAS_PROFILES = NUMBER >= (2, 7)
REFUSED_PERCENT = 5  # Pebble's own default
# Where the large counts are run in full.
WHOLE = harness.FULL and VERSION == "2.6" and not REFUSES


def since(version):
    """The case needs something that Pebble has since this version."""
    def mark(function):
        function.since = version
        return function
    return mark


def once(function):
    """The case says itself how many nonces are refused: it runs in one column of a version."""
    function.once = True
    return function


def applies(test):
    function = getattr(test, test._testMethodName)
    return NUMBER >= pebbles.number(getattr(function, "since", "0")) and not (REFUSES and getattr(function, "once", False))


class AcmeCase(harness.Case):
    """Its Pebble is this column's; pebble_options may say more, and what they say holds."""

    pebble_version = VERSION
    scratch_suffix = f"-{VERSION}{'-refuses' if REFUSES else ''}"

    @classmethod
    def setUpClass(cls):
        cls.pebble_options = {"nonce_reject": REFUSED_PERCENT if REFUSES else 0, **cls.pebble_options}
        super().setUpClass()

    def proxy(self):
        proxy = Proxy(self.pebble)
        self.addCleanup(proxy.stop)
        return proxy

    def wait_live(self, name, timeout=60, other_than=None):
        """Waits until a certificate is there, and returns its leaf."""
        def check():
            leaf = self.renewd.live_leaf(name)
            return leaf if leaf != other_than else None
        return wait_until(check, timeout, lambda: f"{name} is live\n" + self.renewd.tail())

    def check_chain(self, name, number=0):
        """The chain leads to this Pebble's root of that number, and the key fits."""
        self.renewd.check_pair(name)
        root = self.pebble.root(os.path.join(self.directory, "root.pem"), number=number)
        pki.verify(self.renewd.live(name, "cert.pem"), self.renewd.live(name, "chain.pem"), root)

    def shown(self, name, check, timeout, what):
        """Waits until what renewctl shows of the certificate passes `check`, and returns it."""
        def look():
            shown = self.renewd.show(name)
            return shown if shown and check(shown) else None
        return wait_until(look, timeout, lambda: f"{name}: {what}: {self.renewd.show(name)}\n" + self.renewd.tail(), 0.3)


def main():
    harness.main(applies, MISSING)
