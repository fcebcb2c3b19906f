"""TLS that is asked for in plain text first, with the real servers of Debian."""

import hashlib
import json
import os
import ssl
import subprocess
import unittest

import harness
import pki
import talkers

NAME = "mail.example.org"


class StartTls(unittest.TestCase):
    """Each server has a certificate of its own; renewctl inspect asks by the same dialogues as the engine's probes."""

    @classmethod
    def setUpClass(cls):
        cls.directory = harness.scratch_directory("starttls")
        cls.program = os.path.join(harness.PREFIX, "bin/renewctl")

    def inspect(self, protocol, port):
        done = subprocess.run([self.program, "inspect", "--json", "--starttls", protocol, "--name", NAME, f"127.0.0.1:{port}"],
                              capture_output=True, text=True)
        return done, json.loads(done.stdout)

    def check(self, kind):
        cert, key = (os.path.join(self.directory, f"{kind.__name__}.{end}") for end in ("pem", "key"))
        pki.make_self_signed(cert, key, NAME)
        with open(cert) as f:
            leaf = hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()
        server = kind(harness.CACHE, os.path.join(self.directory, kind.__name__), cert, key)
        self.addCleanup(server.stop)
        server.wait()
        for protocol, port in server.ports.items():
            done, answer = self.inspect(protocol, port)
            self.assertEqual(done.returncode, 1, done.stderr)  # self-signed
            self.assertEqual(answer["certificates"][0]["sha256"], leaf, protocol)
        return server

    def test_dovecot(self):
        """Dovecot: imap, pop3, lmtp, sieve"""
        server = self.check(talkers.Dovecot)
        done, _ = self.inspect("smtp", server.ports["imap"])
        self.assertEqual(done.returncode, 2)
        self.assertIn("the service does not speak smtp: '* OK", done.stderr)

    def test_postfix(self):
        """Postfix: smtp"""
        self.check(talkers.Postfix)

    def test_slapd(self):
        """slapd: ldap"""
        self.check(talkers.Slapd)

    def test_postgres(self):
        """PostgreSQL: postgres"""
        self.check(talkers.Postgres)

    def test_mariadb(self):
        """MariaDB: mysql"""
        self.check(talkers.MariaDB)

    def test_proftpd(self):
        """ProFTPD: ftp"""
        self.check(talkers.ProFTPD)

    def test_prosody(self):
        """Prosody: xmpp, xmpp-server"""
        self.check(talkers.Prosody)


if __name__ == "__main__":
    harness.main()
