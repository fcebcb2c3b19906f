"""The way back: what stood at a service before renewd stands there again, and what was set up besides is taken back."""

import os

import harness
import pki
from process import wait_until

SETUP = """\
#!/bin/sh
case $1 in
check) [ -e {directory}/set-up ] ;;
apply) echo "$RENEWD_OPTION_COLOUR" >{directory}/set-up ;;
todo) echo "Menu > Colours: choose $RENEWD_OPTION_COLOUR" ;;
restore) rm -f {directory}/set-up; [ ! -e {directory}/refuse ] || {{ echo "not now" >&2; exit 1; }} ;;
esac
"""


class Restore(harness.Case):
    """One nginx with a certificate of its own."""

    pebble_options = {"nonce_reject": 0}

    def begin(self, name):
        self.server = self.nginx(name)
        self.vendor = {}
        for path in (self.server.cert, self.server.key):
            with open(path, "rb") as f:
                self.vendor[path] = (f.read(), os.stat(path).st_mode)
        program = os.path.join(self.directory, "setup")
        with open(program, "w") as f:
            f.write(SETUP.format(directory=self.directory))
        os.chmod(program, 0o755)
        self.configure()
        self.renewd.certificate(name, self.target(self.server, f"Setup={program}\nOption=COLOUR=red\nOption=COLOUR=dark blue\n"))
        self.renewd.start()
        return self.renewd.wait_served(name, "web", self.server)

    def read(self, path):
        with open(path, "rb") as f:
            return f.read(), os.stat(path).st_mode

    def test_there_and_back(self):
        """after two renewals `remove --restore` brings the first files back and forgets the certificate; twice is once"""
        name = "back.example.org"
        first = self.begin(name)
        set_up = os.path.join(self.directory, "set-up")
        self.assertEqual(self.read(set_up)[0], b"dark blue\n")
        self.assertIn("Menu > Colours: choose dark blue", self.renewd.ctl("show", name).stdout)
        os.unlink(set_up)
        self.renewd.reload()
        wait_until(lambda: os.path.exists(set_up), 30, lambda: "drift is mended\n" + self.renewd.tail())
        self.renewd.ctl("renew", name, "--wait", "--force")
        self.renewd.wait_served(name, "web", self.server, other_than=first)
        done = self.renewd.ctl("remove", name, "--restore")
        self.assertIn("is as it was before", done.stdout)
        self.assertIn("its hook is not run", done.stdout)
        for path, was in self.vendor.items():
            self.assertEqual(self.read(path), was, path)
        self.assertFalse(os.path.exists(set_up))
        self.assertFalse(os.path.exists(os.path.join(self.renewd.config, f"certificates/{name}.conf")))
        self.assertEqual(self.renewd.row(name, "web"), {})
        self.assertEqual(self.renewd.ctl("remove", name, "--restore", check=False).returncode, 5)
        self.assertEqual(self.read(self.server.cert), self.vendor[self.server.cert])

    def test_refused(self):
        """a way back that fails removes nothing, and the certificate is looked after again"""
        name = "refuse.example.org"
        self.begin(name)
        refuse = os.path.join(self.directory, "refuse")
        open(refuse, "w").close()
        done = self.renewd.ctl("remove", name, "--restore", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not now", done.stdout)
        self.assertTrue(os.path.exists(os.path.join(self.renewd.config, f"certificates/{name}.conf")))
        self.renewd.wait_served(name, "web", self.server)
        wait_until(lambda: pki.first_certificate(self.server.cert) == self.renewd.live_leaf(name), 60,
                   lambda: "ours is there again\n" + self.renewd.tail())
        os.unlink(refuse)
        self.renewd.ctl("remove", name, "--restore")
        self.assertEqual(self.read(self.server.key), self.vendor[self.server.key])


if __name__ == "__main__":
    harness.main()
