"""Accounts: what a CA forgets."""

import glob
import os

import acme_case


class Forgotten(acme_case.AcmeCase):
    """The CA loses everything it knew."""

    def test_restart(self):
        """Z-16: an account that the CA forgot is made again with the same key, and the order goes on"""
        first, second = "before.example.org", "after.example.org"
        self.configure()
        self.renewd.certificate(first, "")
        self.renewd.start()
        self.wait_live(first)
        keys = self.account_keys()
        self.assertEqual(len(keys), 1)
        self.pebble.restart()
        since = self.pebble.mark()
        self.renewd.certificate(second, "")
        self.renewd.reload()
        self.wait_live(second, 100)
        self.check_chain(second)
        self.assertEqual(self.account_keys(), keys)
        # Looked up first, then made: both are newAccount.
        self.assertGreaterEqual(self.pebble.count("/sign-me-up", since), 2)
        self.assertIn("does not know the account", self.renewd.output())
        self.assertEqual(self.renewd.show(second)["failures"], 0)

    def account_keys(self):
        found = {}
        for path in glob.glob(os.path.join(self.renewd.state, "signer/accounts/*/*.pem")):
            with open(path, "rb") as f:
                found[path] = f.read()
        return found


if __name__ == "__main__":
    acme_case.main()
