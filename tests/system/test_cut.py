"""The transaction, cut at every step: kill -9 of the installer, and a power cut followed by a boot.

Each cut point has a target of its own. A deploy is walked once to write down every rename, fsync and unlink; then one target
is killed before each of them, others while their check, command, reload or hook runs. A process that was killed leaves what a
power cut at that moment leaves, so all targets share one boot."""

import os
import re
import socket
import subprocess

import harness
import pki
import varlink
from booted_case import NAME, BootedCase
from process import wait_until

DROP_IN = f"/etc/renewd/certificates/{NAME}.conf.d/cut.conf"
TARGET = """\
[Deploy {target}]
File=key /srv/cut/{target}.key
File=fullchain /srv/cut/{target}.crt
Check=/opt/cut/program check {target}
Command=/opt/cut/program command {target}
{reload}Hook=/opt/cut/program hook {target}
Timeout=60s
"""
# Kills the installer if it is its turn.
PROGRAM = """\
#!/bin/sh
[ "$(cat /run/cut/at 2>/dev/null)" = "$1 $2 $3" ] && kill -9 "$(cat /run/cut/pid)"
exit 0
"""
RELOADED = "[Service]\nExecStart=/bin/sleep infinity\nExecReload=/opt/cut/program reload %i\n[Install]\nWantedBy=multi-user.target\n"
SNAPSHOT = """\
[Unit]
DefaultDependencies=no
After=renewd-recover.service
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/cp -a /srv/cut /run/snapshot
[Install]
WantedBy=sysinit.target
"""
START = """\
exec 3<&0 </dev/null
mkdir -p /run/cut
echo $$ >/run/cut/pid
export LISTEN_FDS=1 LISTEN_PID=$$ {environment}
exec {installer}
"""
PROGRAM_STEPS = ("check", "command", "reload", "hook")
ROUND = 24  # a certificate has at most 32 targets


class Cut(BootedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        machine = cls.machine
        cls.installer = machine.shell("ls /usr/libexec/renewd-installer /usr/libexec/renewd/renewd-installer "
                                      "/usr/lib/renewd/renewd-installer 2>/dev/null", check=False).stdout.split()[0]
        machine.write("/opt/cut/program", PROGRAM, 0o755)
        machine.write("/etc/systemd/system/cut@.service", RELOADED)
        machine.write("/etc/systemd/system/snapshot.service", SNAPSHOT)
        machine.run("mkdir", "-p", "/srv/cut")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "enable", "--now", "cut@reload.service")
        machine.run("systemctl", "enable", "snapshot.service")
        cls.begin()
        cls.points = cls.find_points()

    # -- one installer, one call --

    @classmethod
    def call(cls, method, target, environment=""):
        """The answer of an installer of its own, or None when it died."""
        ours, theirs = socket.socketpair()
        ours.settimeout(120)
        script = START.format(environment=environment, installer=cls.installer)
        argv = ["nsenter", "-t", cls.machine.leader, "-m", "-u", "-i", "-n", "-p", "--root", "--wd", "--", "/usr/bin/env", "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", script]
        with ours, subprocess.Popen([str(a) for a in argv], stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            theirs.close()
            try:
                return varlink.call(ours, f"io.renewd.Installer.{method}",
                                    {"certificate": NAME, "target": target, "leaf": pki.leaf_id(cls.live())})
            except varlink.Closed:
                return None
            finally:
                ours.shutdown(socket.SHUT_RDWR)
                child.wait(60)

    @classmethod
    def armed(cls, count):
        """Killed before the call of this number; 0: it only writes them down."""
        cls.machine.run("rm", "-f", "/run/cut/calls")
        return ("LD_PRELOAD=/usr/local/lib/kill-at.so RENEWD_KILL_LOG=/run/cut/calls RENEWD_KILL_PROGRAM=renewd-installer "
                f"RENEWD_KILL_ALL=1 RENEWD_KILL_WHEN=before RENEWD_KILL_COUNT={count}")

    @classmethod
    def calls(cls):
        lines = cls.machine.read("/run/cut/calls").decode().splitlines()
        return [re.sub(r"\.(\S+?)\.[0-9A-Za-z_-]{6,}(?=[^0-9A-Za-z_-]|$)", r"\1, staged", line.split(" ", 1)[1]) for line in lines]

    # -- points --

    @classmethod
    def find_points(cls):
        """(method, number or program, words) of every point."""
        cls.set_targets(["count"])
        cls.stop_engine()
        before = cls.call("Deploy", "count", cls.armed(0))
        assert before and before["parameters"]["row"]["activated"], before
        cls.first_points = [("Deploy", number, call) for number, call in enumerate(cls.calls(), 1)
                            if re.search(r"rename\S* count\.", call)]
        assert cls.call("Verified", "count")["parameters"]["row"]["state"] == "verified"
        cls.renew_without_targets(["count"])
        points = []
        for method in ("Deploy", "Verified"):
            answer = cls.call(method, "count", cls.armed(0))
            assert answer and "parameters" in answer, answer
            points += [(method, number, call) for number, call in enumerate(cls.calls(), 1)]
        points += [("Deploy", step, step) for step in PROGRAM_STEPS]
        return points

    @staticmethod
    def name_of(i, point):
        return "reload" if point[1] == "reload" else f"t{i}"

    # -- the machine's state --

    @classmethod
    def set_targets(cls, targets):
        cls.machine.write(DROP_IN, "".join(TARGET.format(target=t, reload="Reload=cut@reload.service\n" if t == "reload" else "")
                                           for t in targets))

    @classmethod
    def stop_engine(cls):
        cls.machine.run("systemctl", "stop", "renewd.service")

    @classmethod
    def start_engine(cls):
        cls.machine.run("systemctl", "restart", "renewd.service")  # it may run, and know other targets

    @classmethod
    def renew_without_targets(cls, targets):
        """Another leaf is live, of which these targets have not heard; no engine runs."""
        before = cls.live()
        os.unlink(cls.machine.path(DROP_IN))
        cls.start_engine()
        for _ in range(3):  # after a boot the CA has forgotten the account, which is seen at the first request
            if cls.live() == before:
                cls.machine.run("renewctl", "renew", NAME, "--wait", "--force", check=False)
        cls.wait_served(other_than=before)
        cls.stop_engine()
        cls.set_targets(targets)

    def wait_verified(self, targets):
        leaf = pki.leaf_id(self.live())

        def missing():
            shown = {t["name"]: t for t in self.show().get("targets", [])}
            return [f"{t}: {shown.get(t)}" for t in targets
                    if shown.get(t, {}).get("state") != "verified" or shown[t].get("leaf") != leaf]
        wait_until(lambda: not missing(), 240, lambda: f"the rows go on: {missing()}\n{self.journal()}", 1)

    def live_pair(self):
        directory = f"/var/lib/renewd/live/{NAME}"
        return self.machine.read(f"{directory}/privkey.pem"), self.machine.read(f"{directory}/fullchain.pem")

    def pair_at(self, directory, target):
        found = []
        for suffix in ("key", "crt"):
            try:
                found.append(self.machine.read(f"{directory}/{target}.{suffix}"))
            except FileNotFoundError:
                found.append(None)
        return tuple(found)

    def cut(self, target, point):
        """Kills the installer at this point of this target's deploy."""
        method, at, words = point
        if method == "Verified":
            self.assertTrue(self.call("Deploy", target)["parameters"]["row"]["activated"])
        if isinstance(at, int):
            answer = self.call(method, target, self.armed(at))
            self.assertEqual(len(self.calls()), at, f"{method} {words}")
        else:
            self.machine.write("/run/cut/at", f"{at} {target} ")
            answer = self.call(method, target)
            self.machine.run("rm", "/run/cut/at")
        self.assertIsNone(answer, f"it was not killed at {method} {words}")

    def rounds(self, tag):
        """Targets and their points, as many as a certificate may have. Without former files too, where they come."""
        everything = [(self.name_of(i, p), p) for i, p in enumerate(self.points)]
        everything += [(f"{tag}{i}", p) for i, p in enumerate(self.first_points)]
        for begin in range(0, len(everything), ROUND):
            chosen = everything[begin:begin + ROUND]
            yield ({n: p for n, p in chosen if not n.startswith(tag)}, {n: p for n, p in chosen if n.startswith(tag)})

    def cut_all(self, named, fresh):
        """Every target at its own point; returns their names, the old pair and the new one."""
        self.set_targets(named)
        self.start_engine()
        self.wait_verified(named)
        old = self.live_pair()
        for target in named:
            self.assertEqual(self.pair_at("/srv/cut", target), old, target)
        self.stop_engine()
        self.renew_without_targets([*named, *fresh])
        new = self.live_pair()
        self.assertNotEqual(old, new)
        for target, point in [*named.items(), *fresh.items()]:
            self.cut(target, point)
        pairs = {t: self.pair_at("/srv/cut", t) for t in [*named, *fresh]}
        mixed = [t for t, pair in pairs.items() if pair not in (old, new, (None, None))]
        print(f"# measured: {len(named)} points, and {len(fresh)} of a first install; {len(mixed)} mixed sets", flush=True)
        self.mixed += len(mixed)
        return [*named, *fresh], old, new

    # -- cases --

    def test_01_points(self):
        """the walk finds every step of the transaction"""
        words = "\n".join(f"{method} {words}" for method, _, words in self.points)
        print("# " + words.replace("\n", "\n# "))
        for step in (r"Deploy fsync count\.key, staged", r"Deploy fsync count\.crt, staged", r"Deploy rename\S* manifest\.json",
                     r"Deploy rename\S* count\.json", r"Deploy rename\S* count\.key", r"Deploy rename\S* count\.crt",
                     r"Verified rename\S* count\.json", r"Verified unlinkat manifest\.json", *(f"Deploy {s}" for s in PROGRAM_STEPS)):
            self.assertRegex(words, step)
        rows = [n for m, n, w in self.points if m == "Deploy" and re.search(r"rename\S* count\.json", w)]
        files = [n for m, n, w in self.points if m == "Deploy" and re.search(r"rename\S* count\.(key|crt)", w)]
        self.assertTrue(rows[0] < files[0] < files[1] < rows[1], "row OPEN, both renames, what came of it")

    def test_02_kill(self):
        """kill -9 at every step: the next pass completes every target, and its row goes on to VERIFIED"""
        self.mixed = 0
        for named, fresh in self.rounds("first"):
            targets, _, new = self.cut_all(named, fresh)
            self.start_engine()
            self.wait_verified(targets)
            # The former set of a row that is VERIFIED is stale, and the next deploy or boot drops it.
            self.check_whole(targets, new, [t for t, p in named.items() if p[0] == "Verified"])
        self.assertGreater(self.mixed, 1, "no cut was between two renames")

    def test_03_power_cut(self):
        """a power cut and a boot at every step: old set or new one before any service starts, then VERIFIED"""
        self.mixed = 0
        counts = {"old": 0, "new": 0, "none": 0}
        for named, fresh in self.rounds("again"):
            self.cut_power(*self.cut_all(named, fresh), counts)
        self.assertGreater(self.mixed, 1, "no cut was between two renames")
        print(f"# measured: before any service: {counts}", flush=True)
        self.assertTrue(counts["old"] and counts["new"], counts)

    def cut_power(self, targets, old, new, counts):
        machine = self.machine
        machine.power_cut()
        machine.boot()
        ended = int(machine.show("renewd-recover.service", "ExecMainExitTimestampMonotonic"))
        looked = int(machine.show("snapshot.service", "ExecMainStartTimestampMonotonic"))
        self.assertEqual(machine.show("renewd-recover.service", "Result"), "success")
        self.assertTrue(0 < ended <= looked)
        self.assertLess(looked, int(machine.show("nginx.service", "ExecMainStartTimestampMonotonic")))
        for target in targets:
            pair = self.pair_at("/run/snapshot", target)
            which = "old" if pair == old else "new" if pair == new else "none" if pair == (None, None) else None
            self.assertIsNotNone(which, f"{target} is a mix: {self.points}")
            self.assertTrue(which != "none" or target.startswith("again"), f"{target} lost its files")
            counts[which] += 1
        self.start_engine()
        self.wait_verified(targets)
        self.check_whole(targets, new)

    def check_whole(self, targets, new, stale=()):
        for target in targets:
            self.assertEqual(self.pair_at("/srv/cut", target), new, target)
        left = self.machine.shell("ls -A /srv/cut | grep '^\\.' ; ls -A /var/lib/renewd/installer/saved/*/", check=False).stdout.split()
        self.assertEqual([name for name in left if name and not name.endswith(":") and name not in stale], [], "nothing is left over")


if __name__ == "__main__":
    harness.main()
