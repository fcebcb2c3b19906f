"""The service profiles as renewctl lists and explains them, and as renewctl add uses them."""

import json
import os
import shutil
import subprocess

import harness
import pki
import webserver
from process import Process, free_port, port_answers, wait_until

RADIO = """\
[Service]
Description=a radio
Detect={detect}
KeyType=rsa-2048
ReuseKey=yes
Profile=classic
Configure=tls=%n
[Deploy]
File=combined {directory}/radio.pem
Restart=radio.service
"""

MAIL = "[Service]\nDescription=mail\nDetect={detect}\nKeyType=ecdsa-p384\n[Deploy]\nFile=cert {directory}/mail.pem\n"
SHY = "[Service]\nDescription=shy\nPropose=no\nDetect={detect}\n[Deploy]\nFile=cert {directory}/shy.pem\n"

HAPROXY = """\
global
    stats socket {directory}/admin.sock mode 600 level admin
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend f
    bind 127.0.0.1:{port} ssl crt {directory}/certs/
"""


class Services(harness.Case):
    """Nothing is ordered here."""

    def setUp(self):
        super().setUp()
        self.configure()
        self.shipped = self.renewd.installation.data

    def own_profiles(self, **profiles):
        """These instead of those that are shipped."""
        data = os.path.join(self.directory, "data")
        os.makedirs(os.path.join(data, "services"))
        shutil.copytree(os.path.join(self.shipped, "ca"), os.path.join(data, "ca"))
        self.renewd.installation.data = data
        for name, text in profiles.items():
            with open(os.path.join(data, "services", f"{name}.conf"), "w") as f:
                f.write(text.format(directory=self.directory, detect=self.directory))

    def written(self, name):
        with open(os.path.join(self.renewd.config, "certificates", f"{name}.conf")) as f:
            return f.read()

    def test_all(self):
        """every shipped profile is listed and explained, in words and as JSON"""
        listed = json.loads(self.renewd.ctl("services", "--json").stdout)["services"]
        names = [service["name"] for service in listed]
        shipped = sorted(f[:-5] for f in os.listdir(os.path.join(self.shipped, "services")) if f.endswith(".conf"))
        self.assertEqual(names, shipped)
        self.assertGreaterEqual(len(names), 38)
        text = self.renewd.ctl("services").stdout
        for service in listed:
            self.assertIn(service["description"], text)
            shown = json.loads(self.renewd.ctl("services", "show", service["name"], "--json").stdout)
            self.assertIn(shown["tested"], ("real", "stand-in", "documentation"))
            self.assertTrue(shown["deploy"], service["name"])
            self.assertEqual(shown["messages"], [])
            self.assertIn(service["description"], self.renewd.ctl("services", "show", service["name"]).stdout)

    def test_unknown(self):
        """a profile that is not there, or wrong, is said to be so"""
        done = self.renewd.ctl("services", "show", "ngnix", check=False)
        self.assertEqual(done.returncode, 5, done.stdout)
        self.renewd.write("services/mine.conf", "[Service]\nDescription=mine\n[Deploy]\nFile=nonsense\n")
        done = self.renewd.ctl("services", "show", "mine", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("services/mine.conf:4", done.stdout)

    def test_override(self):
        """a drop-in is shown as in force"""
        self.renewd.write("services/nginx.conf.d/local.conf", "[Deploy]\nFile=\nFile=key /srv/tls/%n.key\n")
        text = self.renewd.ctl("services", "show", "nginx").stdout
        self.assertIn("/srv/tls/NAME.key", text)
        self.assertNotIn("/etc/nginx/ssl", text.split("Write into")[0])
        self.assertIn("services/nginx.conf.d/local.conf", text.split("Overridden by:")[1])

    def test_auto(self):
        """--service auto takes what is found with --yes, and writes what the profile wants"""
        self.own_profiles(radio=RADIO, absent=MAIL.replace("{detect}", "/nonexistent/x"), shy=SHY)
        done = self.renewd.ctl("add", "a.example.org", "--service", "auto", "--no-start", check=False)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn(f"Found radio: a radio (there is {self.directory})", done.stdout)
        self.assertIn("--yes", done.stdout)
        self.assertFalse(os.listdir(os.path.join(self.renewd.config, "certificates")))
        self.renewd.ctl("add", "a.example.org", "--service", "auto", "--yes", "--no-start")
        text = self.written("a.example.org")
        for line in ("KeyType=rsa-2048", "ReuseKey=yes", "Profile=classic", "[Deploy radio]"):
            self.assertIn(line, text)
        self.assertNotIn("shy", text)
        self.assertNotIn("absent", text)

    def test_auto_finds_nothing(self):
        """--service auto says so when nothing is found"""
        self.own_profiles(absent=MAIL.replace("{detect}", "/nonexistent/x"))
        done = self.renewd.ctl("add", "a.example.org", "--service", "auto", "--yes", "--no-start", check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("renewctl services", done.stdout)

    def test_wishes(self):
        """two services that want different keys need a certificate each, or a word; the person's word goes before"""
        self.own_profiles(radio=RADIO, mail=MAIL)
        both = ("--service", "radio", "--service", "mail", "--no-start")
        done = self.renewd.ctl("add", "a.example.org", *both, check=False)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("--key-type", done.stdout)
        self.renewd.ctl("add", "a.example.org", *both, "--key-type", "rsa-3072")
        self.assertIn("KeyType=rsa-3072\n", self.written("a.example.org"))

    def test_haproxy_runtime(self):
        """S5.3: a running HAProxy takes a new certificate by its stats socket, refuses half a pair, and goes on"""
        program, libraries = webserver.unpack(os.path.join(harness.CACHE, "haproxy-package"), ("haproxy",))
        port, certs = free_port(), os.path.join(self.directory, "certs")
        os.makedirs(certs)
        pairs = [self.pair(name) for name in ("one", "two")]
        path = os.path.join(certs, "n.pem")
        self.put(path, *pairs[0])
        config = os.path.join(self.directory, "haproxy.cfg")
        with open(config, "w") as f:
            f.write(HAPROXY.format(directory=self.directory, port=port))
        server = Process([program, "-f", config], os.path.join(self.directory, "haproxy.log"), env={"LD_LIBRARY_PATH": libraries})
        self.addCleanup(server.stop)
        wait_until(lambda: port_answers(port), 10, lambda: "haproxy answers\n" + server.output())
        first = pki.served_leaf(port, "one")
        self.assertEqual(self.tell(path).returncode, 0)
        self.put(path, pairs[0][0], pairs[1][1])
        refused = self.tell(path)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("private key", refused.stdout)
        self.assertEqual(pki.served_leaf(port, "one"), first)
        self.put(path, *pairs[1])
        done = self.tell(path)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotEqual(pki.served_leaf(port, "two"), first)
        unknown = self.tell(os.path.join(certs, "other.pem"))
        self.assertIn("systemctl reload haproxy", unknown.stdout)

    def pair(self, name):
        cert, key = (os.path.join(self.directory, f"{name}.{end}") for end in ("crt", "key"))
        pki.make_self_signed(cert, key, name)
        return key, cert

    def put(self, path, *parts):
        text = ""
        for part in parts:
            with open(part) as f:
                text += f.read()
        with open(path, "w") as f:
            f.write(text)

    def tell(self, path):
        socat, libraries = webserver.unpack(os.path.join(harness.CACHE, "socat-package"), ("socat",), "../bin/socat")
        environment = {"PATH": f"{os.path.dirname(socat)}:/usr/bin:/bin", "LD_LIBRARY_PATH": libraries}
        program = os.path.join(self.shipped, "hooks/services/haproxy-runtime")
        return subprocess.run([program, os.path.join(self.directory, "admin.sock"), path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False, env=environment)


if __name__ == "__main__":
    harness.main()
