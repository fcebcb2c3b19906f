"""The server's own certificate, and wrong ones (W-02)."""

import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from issuer import DAY, Issuer, pem

NAMES = ["localhost", "127.0.0.1"]


class Identity:
    """A private hierarchy in `directory`; its root is what the client trusts."""

    def __init__(self, directory, now):
        self.directory, self.now = directory, now
        self.issuer, self.other = Issuer(now, "Transport"), Issuer(now, "Unknown")
        self.bundle = self._write("ca.pem", pem(self.issuer.root))
        self.good = self.make("server")
        self.expired = self.make("expired", until=now - 30 * DAY)
        self.elsewhere = self.make("elsewhere", names=["ca.example.com"])
        self.unknown = self.make("unknown", issuer=self.other)

    def _write(self, name, data):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, 0o644)
        return path

    def make(self, name, names=None, until=None, issuer=None):
        """Path of one file with key and chain."""
        issuer, key = issuer or self.issuer, ec.generate_private_key(ec.SECP256R1())
        leaf = issuer.leaf(key.public_key(), names or NAMES, self.now - 300 * DAY, until or self.now + 900 * DAY)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return self._write(f"{name}.pem", secret + issuer.chain(leaf))
