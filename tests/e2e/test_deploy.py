"""Targets: what fails stays open, is tried again without an order, and what was lost comes back."""

import os

import harness
import pki
from process import wait_until

CHECK = """\
#!/bin/sh
# Refuses while the file 'refuse' is there.
if [ -e {directory}/refuse ]; then
    echo "this check says no" >&2
    exit 1
fi
"""
FAILING_HOOK = """\
#!/bin/sh
echo run >>{directory}/hook-runs
if [ -e {directory}/fail ]; then
    echo "this hook has failed" >&2
    exit 3
fi
exec {directory}/reload-nginx
"""


class Deploy(harness.Case):
    """One nginx, one target."""

    pebble_options = {"nonce_reject": 0}

    def begin(self, name, more="", start_nginx=True):
        self.server = self.nginx(name, start=start_nginx)
        self.configure()
        self.renewd.certificate(name, self.target(self.server, more))
        self.renewd.start()

    def script(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text.format(directory=self.directory))
        os.chmod(path, 0o755)
        return path

    def flag(self, name, there):
        path = os.path.join(self.directory, name)
        if there:
            open(path, "w").close()
        else:
            os.unlink(path)

    def wait_row(self, name, timeout=60, **wanted):
        def check():
            row = self.renewd.target(name, "web")
            return row and all(row.get(k) == v for k, v in wanted.items()) and row
        return wait_until(check, timeout, lambda: f"row {wanted}: {self.renewd.target(name, 'web')}\n" + self.renewd.tail(), 0.3)

    def test_incomplete_chain(self):
        """a leaf served without its intermediates is trouble and an event, and no reason to deploy again"""
        name = "bare.example.org"
        self.server = self.nginx(name)
        self.configure()
        section = self.target(self.server).replace("File=fullchain", "File=cert")
        self.renewd.certificate(name, section)
        self.renewd.start()
        row = self.wait_row(name, timeout=150, state="verified", served="flawed")
        self.assertIn("lacks the intermediate", row["message"])
        endpoint = row["endpoints"][0]
        self.assertEqual((endpoint["endpoint"], endpoint["state"], endpoint["leaf"]),
                         (f"127.0.0.1:{self.server.port}", "flawed", row["leaf"]))
        self.assertEqual(self.renewd.tail(1000).count(f"wrongly served by web, 127.0.0.1:{self.server.port}"), 1)
        shown = self.renewd.ctl("show", name, check=False).stdout
        self.assertIn("SEEN AT", shown)
        self.renewd.certificate(name, self.target(self.server))
        self.renewd.reload()
        self.wait_row(name, timeout=60, state="verified", served="yes", message=None)
        self.assertIn(f"well served again by web, 127.0.0.1:{self.server.port}", self.renewd.tail(1000))

    def test_lost_files(self):
        """a file that somebody deleted or overwrote comes back, without an order"""
        name = "lost.example.org"
        self.begin(name)
        leaf = self.renewd.wait_served(name, "web", self.server)
        with open(self.server.key, "rb") as f:
            key = f.read()
        since = self.pebble.mark()
        os.unlink(self.server.cert)
        with open(self.server.key, "w") as f:
            f.write("somebody was here\n")
        self.renewd.reload()

        def back():
            with open(self.server.key, "rb") as f:
                return os.path.exists(self.server.cert) and f.read() == key
        wait_until(back, 60, lambda: "the files come back\n" + self.renewd.tail())
        self.assertEqual(pki.first_certificate(self.server.cert), leaf)
        self.assertEqual(os.stat(self.server.key).st_mode & 0o777, 0o600)
        self.assertEqual(self.pebble.count("/order-plz", since), 0)

    def test_failed_hook(self):
        """a failed hook leaves the row open with its words and is run again without an order"""
        name = "hook.example.org"
        self.server = self.nginx(name)
        self.configure()
        section = self.target(self.server)
        hook = self.script("failing-hook", FAILING_HOOK)
        self.renewd.certificate(name, section.replace(f"{self.directory}/reload-nginx", hook))
        self.flag("fail", True)
        self.renewd.start()
        row = self.wait_row(name, state="open")
        wait_until(lambda: "this hook has failed" in (self.renewd.target(name, "web").get("message") or ""), 30,
                   lambda: f"its words: {self.renewd.target(name, 'web')}\n{self.renewd.tail()}")
        self.assertNotEqual(self.renewd.ctl("status", check=False).returncode, 0, row)
        since = self.pebble.mark()
        self.flag("fail", False)
        self.renewd.wait_served(name, "web", self.server, timeout=150)
        self.assertEqual(self.pebble.count("/order-plz", since), 0)

    def test_refused_check(self):
        """a check that refuses brings the former files back, the row stays open, and later it goes through"""
        name = "check.example.org"
        check = self.script("check", CHECK)
        self.begin(name, f"Check={check}\n")
        first = self.renewd.wait_served(name, "web", self.server)
        self.flag("refuse", True)
        self.renewd.ctl("renew", name, "--wait", "--force", check=False)
        self.wait_row(name, state="open")
        wait_until(lambda: self.renewd.live_leaf(name) != first, 30, "another leaf is live")
        self.assertEqual(pki.first_certificate(self.server.cert), first)
        self.assertEqual(pki.public_key(self.server.key, "pkey"), pki.public_key(self.server.cert, "x509"))
        self.assertIn("this check says no", self.renewd.target(name, "web").get("message") or "")
        self.assertEqual(self.server.serves(), first)
        since = self.pebble.mark()
        self.flag("refuse", False)
        self.renewd.wait_served(name, "web", self.server, timeout=150, other_than=first)
        self.assertEqual(self.pebble.count("/order-plz", since), 0)

    def test_stopped_server(self):
        """a server that is down leaves the row open; up again it is verified within a minute, without an order"""
        name = "down.example.org"
        self.begin(name, start_nginx=False)
        self.wait_row(name, state="open")
        wait_until(lambda: self.renewd.live_leaf(name), 30, "it is live")
        since = self.pebble.mark()
        self.server.start()
        self.renewd.wait_served(name, "web", self.server, timeout=60)
        self.assertEqual(self.pebble.count("/order-plz", since), 0)

    def test_broken_later(self):
        """a file that is broken later keeps what is installed, and a reload does not stop the others"""
        self.begin("kept.example.org")
        leaf = self.renewd.wait_served("kept.example.org", "web", self.server)
        self.renewd.certificate("kept.example.org", "KeyType=nonsense\n")
        self.renewd.certificate("other.example.org", "")
        self.renewd.reload()
        wait_until(lambda: self.renewd.live_leaf("other.example.org"), 60, lambda: "other\n" + self.renewd.tail())
        self.assertEqual(self.renewd.live_leaf("kept.example.org"), leaf)
        self.assertEqual(self.renewd.show("kept.example.org")["state"], "broken")
        self.assertEqual(self.server.serves(), leaf)


if __name__ == "__main__":
    harness.main()
