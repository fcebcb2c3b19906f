"""Renewals that are rehearsed at a second Pebble before they are due, and by hand."""

import glob
import json
import os
import time

import harness
from ca import Pebble
from process import wait_until

NAME = "r.example.org"


class Rehearsal(harness.Case):
    """Certificates of two minutes, so that the weeks of a real one pass in seconds."""

    pebble_options = {"nonce_reject": 0, "lifetime": 120}

    def setUp(self):
        super().setUp()
        self.staging = Pebble(os.path.join(self.directory, "staging"), self.names, self.http_port, nonce_reject=0,
                              tls_port=self.tls_port)
        self.addCleanup(self.staging.stop)
        self.addCleanup(self.mend)

    def ready(self, rehearse, staging=True):
        self.configure(ca_more="RenewalInfo=no\n" + ("Staging=staging\n" if staging else ""))
        self.renewd.authority(self.staging.directory_url, self.staging.tls_ca, name="staging")
        self.renewd.certificate(NAME, f"Rehearse={rehearse}\n" if rehearse else "")
        self.renewd.start()
        wait_until(lambda: self.shown("state") == "valid", 30, "the first certificate is there")

    def shown(self, member):
        return (self.renewd.show(NAME) or {}).get(member)

    def break_path(self):
        self.names.ask("/add-a", {"host": NAME, "addresses": ["127.0.0.77"]})

    def mend(self):
        self.names.ask("/clear-a", {"host": NAME})

    def check_nothing_stays(self, leaf):
        self.assertEqual(self.renewd.live_leaf(NAME), leaf)
        self.renewd.check_pair(NAME)
        state = self.renewd.state
        wait_until(lambda: not glob.glob(os.path.join(state, f"signer/keys/{NAME}/rehearsal-*")), 10,
                   "the key of the rehearsal is gone")
        self.assertEqual(self.renewd.record(NAME).get("attempts"), 1)
        self.assertEqual(self.shown("failures"), 0)

    def test_found_early(self):
        """a broken challenge path is found by the rehearsal before the renewal, told, and mended in time"""
        self.ready("yes")
        leaf = self.renewd.live_leaf(NAME)
        renewal = self.shown("next_renewal")
        self.assertIn("planned for", self.shown("rehearsal")["message"])
        self.break_path()
        wait_until(lambda: self.shown("state") == "degraded", 90, "the rehearsal has found it")
        self.assertLess(time.time(), renewal)
        message = self.shown("message")
        self.assertRegex(message, r"^rehearsal failed: .+; the certificate is valid until .+, its renewal is planned for ")
        self.assertNotEqual(self.renewd.ctl("status", check=False).returncode, 0)
        self.mend()
        self.assertEqual(self.renewd.ctl("rehearse", NAME).returncode, 0)
        self.check_nothing_stays(leaf)
        self.assertNotEqual(self.shown("state"), "degraded")
        self.assertIn("at staging", self.shown("rehearsal")["message"])
        wait_until(lambda: self.renewd.live_leaf(NAME) != leaf, 90, "the renewal came in its time")
        self.assertEqual(self.renewd.record(NAME)["current"]["ca"], "pebble")

    def test_by_hand(self):
        """renewctl rehearse shows every step, succeeds, fails, and leaves nothing behind"""
        self.ready("no")
        leaf = self.renewd.live_leaf(NAME)
        done = self.renewd.ctl("rehearse", NAME)
        self.assertIn("rehearsed at staging", done.stdout)
        self.assertGreater(len(done.stdout.splitlines()), 2)
        self.assertIn("rehearsed on", self.renewd.ctl("show", NAME).stdout)
        self.break_path()
        failed = self.renewd.ctl("rehearse", NAME, "--json", check=False)
        self.assertEqual(failed.returncode, 1)
        last = json.loads(failed.stdout.splitlines()[-1])
        self.assertTrue(last["done"] and not last["ok"])
        self.check_nothing_stays(leaf)
        self.assertEqual(self.shown("state"), "valid")

    def test_nowhere(self):
        """without Staging= renewctl rehearse says what to write"""
        self.ready("", staging=False)
        failed = self.renewd.ctl("rehearse", NAME, check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("has no Staging=", failed.stdout)


if __name__ == "__main__":
    harness.main()
