"""Forms of files: what a service gets besides two PEM files, through the real programs and a renewal."""

import os
import subprocess

import harness
import pki
from process import wait_until

TOOL = """\
#!/bin/sh
# A vendor's tool: takes what it is handed in a directory of root's alone, which is gone afterwards.
set -e
[ "$(stat -c %a%u "$(dirname "$1")")" = 7000 ]
cat "$1" "$2" >{directory}/imported.new
mv {directory}/imported.new {directory}/imported
exec {directory}/reload-nginx
"""
TARGET = """\
[Deploy web]
File=fullchain {cert}
File=key {key}
File=key %s/key.pem
File=cert %s/cert.pem
File=combined {directory}/own/store.p12 directory 0640 format=pkcs12 alias=web password=store
File=combined {directory}/own/old.p12 directory format=pkcs12 password-text=changeit encoding=legacy
File=combined {directory}/own/store.jks directory format=jks password=store
File=cert,chain,key {directory}/own/all.pem directory:directory 0640 acl=u:7:r
File=key {directory}/own/key.der directory format=der
File=key {directory}/own/old.key directory key=traditional
Hook={directory}/tool %s/key.pem %s/cert.pem
Probe=127.0.0.1:{port}
"""
OWNER = 64703


class Bundle(harness.Case):
    """One certificate in every form."""

    pebble_options = {"nonce_reject": 0}

    def begin(self, name):
        self.server = self.nginx(name)
        self.configure()
        self.own = os.path.join(self.directory, "own")
        os.mkdir(self.own)
        os.chown(self.own, OWNER, OWNER)
        credentials = os.path.join(self.renewd.config, "credentials")
        os.makedirs(credentials, 0o700, exist_ok=True)
        with open(os.path.join(credentials, "store"), "w") as f:
            f.write("a secret word\n")
        with open(os.path.join(self.directory, "tool"), "w") as f:
            f.write(TOOL.format(directory=self.directory))
        os.chmod(f.name, 0o755)
        self.target(self.server)  # the hook that makes nginx read its files anew
        self.renewd.certificate(name, TARGET.format(directory=self.directory, cert=self.server.cert, key=self.server.key,
                                                    port=self.server.port))
        self.renewd.start()

    def run_program(self, *argv):
        return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout

    def public_keys(self):
        """The key of each file, as its own reader sees it."""
        at = lambda name: os.path.join(self.own, name)
        keys = {}
        for name, password in (("store.p12", "a secret word"), ("old.p12", "changeit")):
            pem = self.run_program("openssl", "pkcs12", "-in", at(name), "-passin", f"pass:{password}", "-nodes", "-nocerts")
            keys[name] = subprocess.run(["openssl", "pkey", "-pubout"], input=pem, capture_output=True, text=True, check=True).stdout
        keys["key.der"] = self.run_program("openssl", "pkey", "-inform", "DER", "-in", at("key.der"), "-pubout")
        keys["old.key"] = self.run_program("openssl", "pkey", "-in", at("old.key"), "-pubout")
        keys["all.pem"] = self.run_program("openssl", "pkey", "-in", at("all.pem"), "-pubout")
        keys["imported"] = self.run_program("openssl", "pkey", "-in", os.path.join(self.directory, "imported"), "-pubout")
        keys["store.jks"] = self.jks_key(at("store.jks"))
        return keys

    def jks_key(self, path):
        pem = self.run_program("keytool", "-exportcert", "-rfc", "-alias", "1", "-keystore", path, "-storepass", "a secret word")
        return subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=pem, capture_output=True, text=True, check=True).stdout

    def check_all(self):
        wanted = pki.public_key(self.server.cert, "x509")
        for name, key in self.public_keys().items():
            self.assertEqual(key.strip(), wanted.strip(), name)
        for name in ("store.p12", "all.pem"):
            st = os.stat(os.path.join(self.own, name))
            self.assertEqual((st.st_uid, st.st_gid, st.st_mode & 0o707), (OWNER, OWNER, 0o600), name)
        self.assertIn("user:7:r--", self.run_program("getfacl", "-cpnE", os.path.join(self.own, "all.pem")).replace("daemon", "7"))
        stage = os.path.join(self.renewd.state, "installer", "stage")
        self.assertEqual([files for _, _, files in os.walk(stage) if files], [])

    def test_every_form(self):
        """PKCS#12, JKS, DER, orders and a vendor's tool: installed, left alone, mended, renewed"""
        name = "forms.example.org"
        self.begin(name)
        first = self.renewd.wait_served(name, "web", self.server, timeout=150)
        self.check_all()
        before = {n: os.stat(os.path.join(self.own, n)).st_ino for n in os.listdir(self.own)}

        # What is never written twice the same is not written again.
        looks = self.renewd.target(name, "web")
        self.renewd.reload()
        wait_until(lambda: self.renewd.target(name, "web").get("state") == "verified", 30, lambda: f"verified: {looks}")
        self.assertEqual(before, {n: os.stat(os.path.join(self.own, n)).st_ino for n in os.listdir(self.own)})

        store = os.path.join(self.own, "store.jks")
        os.unlink(store)
        self.renewd.reload()
        wait_until(lambda: os.path.exists(store), 60, lambda: "the keystore comes back\n" + self.renewd.tail())

        self.renewd.ctl("renew", name, "--wait", "--force")
        wait_until(lambda: self.renewd.live_leaf(name) != first, 30, "another leaf is live")
        self.renewd.wait_served(name, "web", self.server, timeout=150)
        self.check_all()


if __name__ == "__main__":
    harness.main()
