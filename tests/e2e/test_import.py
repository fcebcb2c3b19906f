"""Certificates from elsewhere: request and key by renewctl csr, import of what a CA without ACME sent, and its installation."""

import json
import os
import re
import stat
import time

import harness
import pki
from process import wait_until

DAY = 86400


class Elsewhere(harness.Case):
    """A CA of files, and a renewd that orders nothing."""

    pebble_options = {"nonce_reject": 0}

    def begin(self, name, names=None, more="", target=True, start=True):
        self.name = name
        pki.make_authority(self.directory, "Paper CA")
        pki.make_intermediate(self.directory, "Paper CA 1")
        self.server = self.nginx(name) if target else None
        self.configure()
        self.renewd.certificate(name, f"CA=none\n{more}" + (self.target(self.server) if target else ""), names)
        if start:
            self.renewd.start()

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, *parts):
        with open(self.path(name), "wb") as out:
            for part in parts:
                with open(part, "rb") as file:
                    out.write(file.read())
        return self.path(name)

    def csr(self, *more, check=True, out="request.csr"):
        done = self.renewd.ctl("csr", self.name, "--output", self.path(out), *more, check=False)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout)
            return self.path(out)
        return done

    def signed(self, days=365, request="request.csr", out="server.pem"):
        return pki.sign_request(self.directory, self.path(request), self.path(out), days)

    def take(self, *more, check=True):
        done = self.renewd.ctl("import", self.name, *more, check=False)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout)
        return done

    def refused(self, words, *more):
        done = self.take(*more, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stdout, words)

    def test_way(self):
        """csr and import: one request, one deploy, and it says early when another one is wanted"""
        self.begin("paper.example.org", "paper.example.org www.paper.example.org 9.9.9.9")
        shown = self.renewd.show(self.name)
        self.assertEqual(shown["state"], "degraded")
        self.assertIn(f"waits for a certificate: renewctl csr {self.name}, then renewctl import {self.name}", shown["message"])
        self.assertEqual(shown["ca"], "none")

        request = self.csr("--subject", "C=CH,O=Käserei\\, Söhne", "--locality", "Zürich", "--email", "it@example.org")
        self.assertEqual(stat.S_IMODE(os.stat(request).st_mode), 0o644)
        text = pki.request_text(request)
        self.assertIn("C=CH,L=Zürich,O=Käserei, Söhne,CN=paper.example.org,emailAddress=it@example.org", text)
        self.assertIn("IP Address:9.9.9.9, DNS:paper.example.org, DNS:www.paper.example.org", text)
        again = self.csr(out="again.csr")
        with open(request, "rb") as one, open(again, "rb") as other:
            self.assertEqual(one.read(), other.read())

        chain = self.write("chain.pem", self.path("ca.pem"), self.path("intermediate.pem"))
        done = self.take("--cert", self.signed(), "--chain", chain, "--dry-run")
        self.assertIn("issued by 'Paper CA 1'", done.stdout)
        self.assertIn("nothing was changed", done.stdout)
        self.assertIsNone(self.renewd.live_leaf(self.name))

    def test_deploy(self):
        """an imported certificate is deployed and proved as an ordered one, and the next request has another key"""
        self.begin("served.example.org")
        since = self.pebble.mark()
        request = self.csr()
        cert = self.signed()
        bundle = self.write("bundle.pem", self.path("ca.pem"), self.path("intermediate.pem"))
        done = self.take("--cert", cert, "--chain", bundle, "--wait")
        self.assertIn("installed", done.stdout)
        leaf = self.renewd.wait_served(self.name, "web", self.server)
        self.assertEqual(leaf, pki.first_certificate(cert))
        pki.verified_leaf(self.server.port, self.name, self.path("ca.pem"))
        self.renewd.check_pair(self.name)
        shown = self.renewd.show(self.name)
        self.assertEqual(shown["state"], "valid")
        self.assertTrue(shown["imported"])
        self.assertAlmostEqual(shown["next_renewal"], time.time() + 292 * DAY, delta=20 * DAY)
        self.assertIn("the next one is wanted on", shown["message"])
        # The same again changes nothing; the next request is for another key, and is the same when asked for again.
        self.take("--cert", cert, "--chain", bundle, "--wait")
        second, third = self.csr(out="second.csr"), self.csr(out="third.csr")
        key = [re.search(r"pub:\n((?:\s+[0-9a-f:]+\n)+)", pki.request_text(r)).group(1) for r in (request, second, third)]
        self.assertNotEqual(key[0], key[1])
        self.assertEqual(key[1], key[2])
        self.assertEqual(self.pebble.count("/order-plz", since), 0)
        # It goes on over a restart.
        self.renewd.stop()
        self.renewd.start()
        wait_until(lambda: self.renewd.show(self.name)["state"] == "valid", 30, "valid after a restart")
        done = self.renewd.ctl("renew", self.name, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("CA=none", done.stdout)

    def test_forms(self):
        """PEM in any order, DER, PKCS#12 old and new, with the key given: each becomes the same pair"""
        self.begin("forms.example.org", target=False)
        password = self.path("password")
        with open(password, "w", encoding="ascii") as file:
            file.write("geheim\n")
        chain = self.write("chain.pem", self.path("ca.pem"), self.path("intermediate.pem"))
        for number, form in enumerate(("pem", "der", "pkcs12", "legacy", "encrypted")):
            with self.subTest(form):
                request, key = pki.make_request(self.directory, f"own{number}", [self.name])
                cert = pki.sign_request(self.directory, request, self.path(f"own{number}.pem"), 365 + number)
                if form == "pem":
                    options = ["--cert", self.write("all.pem", self.path("ca.pem"), key, self.path("intermediate.pem"), cert)]
                elif form == "der":
                    options = ["--cert", pki.convert(cert, self.path("cert.der"), "x509", "-outform", "DER"), "--key",
                               pki.convert(key, self.path("key.der"), "pkey", "-outform", "DER"), "--chain", chain]
                elif form == "encrypted":
                    options = ["--cert", cert, "--key", pki.convert(key, self.path("sealed.key"), "pkey", "-aes256", "-passout", "pass:geheim"),
                               "--chain", chain, "--password-file", password]
                else:
                    box = pki.pack(self.path(f"{form}.p12"), cert, key, chain, "geheim", *(["-legacy"] if form == "legacy" else []))
                    done = self.take("--cert", box, check=False)
                    self.assertRegex(done.stdout, "password")
                    options = ["--cert", box, "--password-file", password]
                self.take(*options, "--wait")
                wait_until(lambda c=cert: self.renewd.live_leaf(self.name) == pki.first_certificate(c), 30, f"{form} is live")
                self.renewd.check_pair(self.name)
                self.assertEqual(pki.public_key(self.renewd.live(self.name, "privkey.pem"), "pkey"), pki.public_key(key, "pkey"))
                with open(self.renewd.live(self.name), encoding="ascii") as file:
                    self.assertEqual(file.read().count("BEGIN CERTIFICATE"), 2)  # without the root
                pki.verify(self.renewd.live(self.name, "cert.pem"), self.renewd.live(self.name, "chain.pem"), self.path("ca.pem"))

    def test_refusals(self):
        """what is wrong is refused with the reason and the next step, and nothing is changed"""
        self.begin("wrong.example.org", "wrong.example.org www.wrong.example.org", target=False)
        chain = self.write("chain.pem", self.path("intermediate.pem"), self.path("ca.pem"))
        self.csr()
        cert = self.signed()
        self.refused("chain is not complete: .*'Paper CA 1'.*--chain", "--cert", cert)
        self.refused("chain is not complete: .*'Paper CA',.*--chain", "--cert", cert, "--chain", self.path("intermediate.pem"))
        self.refused("certificates of CAs only", "--cert", chain)
        other, key = pki.make_request(self.directory, "other", ["wrong.example.org"])
        short = pki.sign_request(self.directory, other, self.path("short.pem"))
        self.refused("lacks 'www.wrong.example.org'.*Names=", "--cert", short, "--key", key, "--chain", chain)
        self.refused("none of the certificates belongs to the key", "--cert", cert, "--key", key, "--chain", chain)
        both, key = pki.make_request(self.directory, "both", ["wrong.example.org", "www.wrong.example.org"])
        stranger = pki.sign_request(self.directory, both, self.path("stranger.pem"))
        self.refused("key is not here.*--key", "--cert", stranger, "--chain", chain)
        weak, key = pki.make_request(self.directory, "weak", ["wrong.example.org", "www.wrong.example.org"], ("-newkey", "rsa:1024"))
        self.refused("RSA key has 1024 bits", "--cert", pki.sign_request(self.directory, weak, self.path("weak.pem")), "--key", key,
                     "--chain", chain)
        with open(self.path("junk"), "w", encoding="ascii") as file:
            file.write("hello\n")
        self.refused("neither certificate nor key", "--cert", self.path("junk"))
        self.assertIsNone(self.renewd.live_leaf(self.name))
        self.assertEqual([p for p in self.renewd.keys() if "/import-" in p], [])
        done = self.renewd.ctl("csr", self.name, "--country", "Germany", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("two capital letters", done.stdout)
        self.renewd.stop()
        done = self.take("--cert", cert, "--chain", chain, check=False)
        self.assertEqual(done.returncode, 2, done.stdout)

    def test_soon(self):
        """one that ends soon is degraded at once, with the words of what to do, and logged once"""
        self.begin("soon.example.org", target=False)
        self.csr("--key-type", "rsa-2048")
        self.assertIn("Public-Key: (2048 bit)", pki.request_text(self.path("request.csr")))
        done = self.csr("--key-type", "ecdsa-p256", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--new-key", done.stdout)
        chain = self.write("chain.pem", self.path("intermediate.pem"), self.path("ca.pem"))
        self.take("--cert", self.signed(90), "--chain", chain, "--wait")
        self.assertEqual(self.renewd.show(self.name)["state"], "valid")
        shorter = self.signed(20, out="shorter.pem")
        self.refused("is valid longer, until .*--force", "--cert", shorter, "--chain", chain)
        self.take("--cert", shorter, "--chain", chain, "--force", "--wait")
        self.assertEqual(self.renewd.show(self.name)["state"], "valid")  # a third of twenty days is not reached
        self.renewd.certificate(self.name, "CA=none\nRenewBefore=13d\n")
        self.renewd.reload()
        self.take("--cert", self.signed(10, out="last.pem"), "--chain", chain, "--force", "--wait")
        self.assertEqual(self.renewd.show(self.name)["state"], "valid")
        self.renewd.certificate(self.name, "CA=none\n", "soon.example.org more.example.org")
        self.renewd.reload()
        shown = wait_until(lambda: (lambda s: s if s["state"] == "degraded" else None)(self.renewd.show(self.name)), 20, "degraded")
        self.assertIn(f"waits for another certificate, as this one is not as configured: renewctl csr {self.name}", shown["message"])
        for _ in range(3):
            self.renewd.reload()
        time.sleep(1)
        self.assertEqual(self.renewd.output().count("waits for another certificate"), 1)
        self.assertIn("DNS:more.example.org", pki.request_text(self.csr(out="more.csr")))

    def test_bridge(self):
        """with --force an ordered certificate is replaced by an imported one, without an order, until its renewal"""
        self.begin("bridge.example.org", target=False, start=False)
        self.renewd.certificate(self.name, "")
        self.renewd.start()
        first = wait_until(lambda: self.renewd.live_leaf(self.name), 60, lambda: "issued\n" + self.renewd.tail())
        chain = self.write("chain.pem", self.path("intermediate.pem"), self.path("ca.pem"))
        request, key = pki.make_request(self.directory, "own", [self.name])
        cert = pki.sign_request(self.directory, request, self.path("own.pem"))
        done = self.take("--cert", cert, "--key", key, "--chain", chain, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--force", done.stdout)
        orders = self.pebble.count("/order-plz")
        self.take("--cert", cert, "--key", key, "--chain", chain, "--force", "--wait")
        leaf = self.renewd.live_leaf(self.name)
        self.assertNotEqual(leaf, first)
        self.assertEqual(leaf, pki.first_certificate(cert))
        self.assertEqual(self.renewd.show(self.name)["state"], "valid")
        self.assertEqual(self.pebble.count("/order-plz"), orders)
        self.renewd.ctl("renew", self.name, "--wait", "--force")
        self.assertNotEqual(self.renewd.live_leaf(self.name), leaf)
        self.assertEqual(self.pebble.count("/order-plz"), orders + 1)

    def test_no_engine(self):
        """a request needs neither the engine nor a CA that answers; its key never leaves the signer"""
        self.begin("alone.example.org", target=False)
        os.kill(self.renewd.engine(), 19)  # SIGSTOP
        self.addCleanup(lambda pid=self.renewd.engine(): os.kill(pid, 18))
        done = self.renewd.ctl("csr", self.name, "--json")
        answer = json.loads(done.stdout)
        self.assertIn("BEGIN CERTIFICATE REQUEST", answer["csr"])
        keys = [p for p in self.renewd.keys() if "/keys/" in p]
        self.assertEqual(len(keys), 1)
        self.assertEqual(stat.S_IMODE(os.stat(keys[0]).st_mode), 0o600)
        self.assertEqual(os.stat(keys[0]).st_uid, harness.SIGNER_UID)


if __name__ == "__main__":
    harness.main()
