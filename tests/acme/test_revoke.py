"""Revocation by whoever has a right to it."""

import acme_case


class Revocation(acme_case.AcmeCase):
    """With the account, with the certificate's key, and twice."""

    def issued(self, name):
        self.configure()
        self.renewd.certificate(name, "")
        self.renewd.start()
        leaf = self.wait_live(name)
        self.assertEqual(self.pebble.status_of(leaf), "Valid")
        return leaf

    def revoke(self, name, *more):
        done = self.renewd.ctl("revoke", name, *more, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + self.renewd.tail())
        return done.stdout

    def test_by_account(self):
        """Z-22: revoked with the account's key and a reason; once more is no error"""
        leaf = self.issued("account.example.org")
        self.revoke("account.example.org", "--reason", "superseded", "--no-replace")
        self.assertEqual(self.pebble.status_of(leaf), "Revoked")
        self.revoke("account.example.org", "--reason", "superseded", "--no-replace")

    def test_by_key(self):
        """Z-22: revoked with the certificate's own key; once more is no error"""
        leaf = self.issued("key.example.org")
        self.revoke("key.example.org", "--with-key", "--no-replace")
        self.assertEqual(self.pebble.status_of(leaf), "Revoked")
        self.revoke("key.example.org", "--with-key", "--no-replace")

    def test_replaced(self):
        """Z-22: what was revoked is replaced at once by a certificate with another key"""
        name = "replaced.example.org"
        leaf = self.issued(name)
        self.revoke(name, "--reason", "keyCompromise")
        new = self.wait_live(name, 100, other_than=leaf)
        self.assertEqual((self.pebble.status_of(leaf), self.pebble.status_of(new)), ("Revoked", "Valid"))
        self.check_chain(name)

    def test_unknown_reason(self):
        """Z-22: a reason that no CA takes is refused before anything is asked"""
        leaf = self.issued("reason.example.org")
        since = self.pebble.mark()
        self.assertNotEqual(self.renewd.ctl("revoke", "reason.example.org", "--reason", "7", check=False).returncode, 0)
        self.assertEqual(self.pebble.count("/revoke-cert", since), 0)
        self.assertEqual(self.pebble.status_of(leaf), "Valid")


if __name__ == "__main__":
    acme_case.main()
