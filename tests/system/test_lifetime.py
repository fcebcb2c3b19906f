"""Time: certificates that live three minutes."""

import time

import harness
from booted_case import NAME, Authority, BootedCase
from process import wait_until


class Lifetime(BootedCase):
    authorities = [Authority("pebble", 14000, lifetime=180)]

    def test_short_life(self):
        """a certificate with a life of three minutes is renewed twice without a hand, and nginx serves each"""
        self.begin()
        began, leaves = time.monotonic(), [self.served()]

        def twice():
            leaf = self.served()
            if leaf != leaves[-1]:
                leaves.append(leaf)
                print(f"# {NAME}: certificate {len(leaves)} is served after {time.monotonic() - began:.0f} s", flush=True)
            return len(leaves) == 3
        wait_until(twice, 400, lambda: f"{len(leaves)} certificates, {self.orders()} orders\n{self.journal()}", 1)
        self.wait_served(timeout=10)
        self.assertEqual(self.orders(), 3)


if __name__ == "__main__":
    harness.main()
