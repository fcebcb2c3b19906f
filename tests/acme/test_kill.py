"""kill -9 at the points of the crash table, Y-06."""

import os
import time

import acme_case
import kill
from process import wait_until

BLOCKED_INSTALLER = """\
#!/bin/sh
# Is asked to publish, and never answers.
touch '{reached}'
while :; do sleep 60; done
"""
HOOK = """\
#!/bin/sh
# The first run is cut off.
echo begun >>'{directory}/hook-runs'
if [ ! -e '{directory}/second' ]; then
    sleep 60
fi
echo done >>'{directory}/hook-runs'
"""
HOOK_TARGET = """\
[Deploy web]
File=fullchain {directory}/web.crt
Hook={directory}/hook
"""


class Killed(acme_case.AcmeCase):
    """Everything dies, as by a power cut; then renewd starts again."""

    def begin(self, name, body=""):
        self.proxied = self.proxy()
        self.challenges = os.path.join(self.renewd.runtime, "challenges")
        self.configure(url=self.proxied.directory_url, more=f"[HTTP]\nChallengeDirectory={self.challenges}\n")
        self.renewd.certificate(name, body)

    def finish(self, name, keys, orders):
        self.renewd.start()
        self.wait_live(name, 100)
        self.check_chain(name)
        self.assertTrue(set(keys.values()) <= set(self.renewd.keys().values()), "a key was lost")
        self.assertLessEqual(self.proxied.count("POST", "/order-plz"), orders)
        wait_until(lambda: os.listdir(self.challenges) == [], 90, lambda: f"left behind: {os.listdir(self.challenges)}")

    def kill_at(self, tag, method, path, nth):
        name = f"{tag.replace(' ', '-').lower()}.example.org"
        self.doCleanups()
        self.directory = os.path.join(self.base, tag.replace(" ", "-"))
        os.makedirs(self.directory, exist_ok=True)
        self.renewd = self.new_renewd()
        self.begin(name)
        gate = self.proxied.gate(method, path, nth)
        self.renewd.start(wait=False)
        self.assertTrue(gate.reached.wait(60), f"no {tag}\n{self.renewd.tail()}")
        if tag == "challenge":
            # A listener that dies while the CA asks it makes the order invalid, rightly: let the CA finish.
            time.sleep(1)
        known, keys = kill.has_order_url(self.renewd, name), self.renewd.keys()
        self.renewd.process.kill()
        gate.drop()
        self.finish(name, keys, 1 if known else 2)
        self.renewd.stop()
        accounts = [p for p in self.renewd.keys() if "/accounts/" in p]
        self.assertEqual(len(accounts), 1)

    def test_answers(self):
        """Z-17: kill -9 while an answer of the CA is on its way: nothing is lost, and no order is made twice"""
        for tag, method, path, nth in kill.ANSWERS:
            with self.subTest(tag):
                self.kill_at(tag, method, path, nth)

    def test_downloaded(self):
        """Z-17: kill -9 with the certificate fetched but not installed: it is installed, and the CA is not asked again"""
        name = "downloaded.example.org"
        self.begin(name)
        helpers, reached = os.path.join(self.directory, "helpers"), os.path.join(self.directory, "reached")
        os.makedirs(helpers)
        os.symlink(os.path.join(self.installation.helpers, "renewd-signer"), os.path.join(helpers, "renewd-signer"))
        with open(os.path.join(helpers, "renewd-installer"), "w") as f:
            f.write(BLOCKED_INSTALLER.format(reached=reached))
        os.chmod(f.name, 0o755)
        self.renewd.start("--helpers", helpers, wait=False)
        chain = os.path.join(self.renewd.state, "engine/certificates", f"{name}.chain.pem")
        wait_until(lambda: os.path.exists(chain) and os.path.exists(reached), 60, lambda: "fetched\n" + self.renewd.tail())
        self.renewd.process.kill()
        self.assertIsNone(self.renewd.live_leaf(name))
        posts = len([r for r in self.proxied.requests if r.method == "POST"])
        self.finish(name, self.renewd.keys(), 1)
        self.assertEqual(len([r for r in self.proxied.requests if r.method == "POST"]), posts)

    def test_hook(self):
        """Z-17: kill -9 while the hook runs: it is run again, without an order"""
        name = "hook.example.org"
        with open(os.path.join(self.directory, "hook"), "w") as f:
            f.write(HOOK.format(directory=self.directory))
        os.chmod(f.name, 0o755)
        self.begin(name, HOOK_TARGET.format(directory=self.directory))
        self.renewd.start()
        wait_until(lambda: self.hook_runs() == ["begun"], 60, lambda: "the hook\n" + self.renewd.tail())
        self.renewd.process.kill()
        with open(os.path.join(self.directory, "second"), "w"):
            pass
        self.finish(name, self.renewd.keys(), 1)
        wait_until(lambda: self.hook_runs() == ["begun", "begun", "done"], 60,
                   lambda: f"the hook again: {self.hook_runs()}\n" + self.renewd.tail())
        self.assertEqual(self.proxied.count("POST", "/order-plz"), 1)

    def hook_runs(self):
        try:
            with open(os.path.join(self.directory, "hook-runs")) as f:
                return f.read().split()
        except FileNotFoundError:
            return []


if __name__ == "__main__":
    acme_case.main()
