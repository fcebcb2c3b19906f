"""Programs of a target that misbehave in every way of R3.7, as transient units in cgroups whose limits hold."""

import contextlib
import glob
import json
import os
import threading
import time

import harness
import pki
import varlink
from booted_case import NAME, BootedCase
from process import wait_until

LIMIT = 2    # Timeout= of most of them
SLACK = 4    # the machine may be slow; what is never ended is found all the same
GIGABYTES = 10

CONFIGURATION = """\
[Deploy {target}]
File=
File=cert /srv/targets/{target}.pem
Timeout={timeout}s
Tasks={tasks}
Memory=64M
{more}
"""


class Watch(threading.Thread):
    """Looks at the cgroup of one target's program, and at the installer, until it is told to end."""

    def __init__(self, machine, target):
        super().__init__(daemon=True)
        self.machine = machine
        self.target = target
        self.over = threading.Event()
        self.began = self.main = self.main_gone = self.empty = None
        self.most_tasks = self.installer_peak = 0

    def groups(self):
        root = self.machine.path("/sys/fs/cgroup")
        return [p for below in ("", "/systemd", "/pids")
                for p in glob.glob(f"{root}{below}/system.slice/renewd-*-{NAME}-{self.target}-*.service")]

    def look(self):
        now, pids = time.monotonic(), set()
        for group in self.groups():
            with contextlib.suppress(OSError), open(f"{group}/cgroup.procs") as f:
                pids |= {int(word) for word in f.read().split()}
            for name in ("pids.peak", "pids.current"):
                with contextlib.suppress(OSError, ValueError), open(f"{group}/{name}") as f:
                    self.most_tasks = max(self.most_tasks, int(f.read()))
        if pids and self.began is None:
            self.began, self.main = now, min(pids)
        if self.began is not None:
            if self.main in pids:
                self.main_gone = None
            elif self.main_gone is None:
                self.main_gone = now
            self.empty = (self.empty or now) if not pids else None

    def look_at_installer(self):
        for pid in self.machine.pids("renewd-installer"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        self.installer_peak = max(self.installer_peak, int(line.split()[1]))

    def run(self):
        while not self.over.wait(0.03):
            self.look()
            self.look_at_installer()

    def end(self):
        self.over.set()
        self.join()
        self.look()


class Outcome:
    def __init__(self, reply, elapsed, watch):
        self.reply = reply
        self.row = reply.get("parameters", {}).get("row", {})
        self.elapsed = elapsed
        self.watch = watch


class Hooks(BootedCase):
    limits = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.begin()
        cls.machine.run("mkdir", "-p", "/srv/targets", "/opt/hooks")

    # -- how one is run --

    def configure(self, target, program="", timeout=LIMIT, tasks=64, more=""):
        lines = (f"Hook=/opt/hooks/{target}\n" if program is not None else "") + more
        self.machine.write(f"/etc/renewd/certificates/{NAME}.conf.d/{target}.conf",
                           CONFIGURATION.format(target=target, timeout=timeout, tasks=tasks, more=lines))
        if program:
            self.machine.write(f"/opt/hooks/{target}", program, 0o755)

    def deploy(self, target, wait=120):
        """As the engine asks for it; the engine itself knows nothing of this target."""
        watch = Watch(self.machine, target)
        with self.machine.connect("/run/renewd/installer") as connection:
            connection.settimeout(wait)
            watch.start()
            began = time.monotonic()
            reply = varlink.call(connection, "io.renewd.Installer.Deploy",
                                 {"certificate": NAME, "target": target, "leaf": pki.leaf_id(self.live())})
            elapsed = time.monotonic() - began
        watch.end()
        return Outcome(reply, elapsed, watch)

    def misbehave(self, target, program, wait=120, **keys):
        self.configure(target, program, **keys)
        return self.deploy(target, wait)

    def check_ended(self, outcome, limit=LIMIT):
        """Dead by the limit and 5 s, its cgroup empty by the limit and 10 s."""
        watch = outcome.watch
        self.assertIsNotNone(watch.began, f"no cgroup was seen: {outcome.reply}")
        self.assertIsNotNone(watch.empty, "processes are left")
        dead, empty = watch.main_gone - watch.began, watch.empty - watch.began
        print(f"# measured: limit {limit} s: dead after {dead:.1f} s, cgroup empty after {empty:.1f} s, "
              f"at most {watch.most_tasks} tasks", flush=True)
        self.assertLessEqual(dead, limit + 5 + SLACK)
        self.assertLessEqual(empty, limit + 10 + SLACK)

    def check_row(self, outcome, step, *words):
        row = outcome.row
        self.assertEqual(row.get("step"), step, outcome.reply)
        for word in words:
            self.assertIn(word, row.get("error") or "")
        self.assertTrue(row["in_place"], "H8: the certificate stays installed")
        self.assertEqual(row["state"], "open")

    # -- H1 to H12 --

    def test_01_sleeps(self):
        """H1 what sleeps for ever is ended at its limit, and others go on meanwhile"""
        self.configure("quick", "#!/bin/sh\nexit 0\n")
        self.configure("h1", "#!/bin/sh\nexec sleep infinity\n", timeout=6)
        slow = []
        thread = threading.Thread(target=lambda: slow.append(self.deploy("h1")))
        thread.start()
        wait_until(lambda: Watch(self.machine, "h1").groups(), 20, "the first one runs")
        quick = self.deploy("quick")
        self.assertTrue(thread.is_alive(), "the other one did not wait for it")
        self.assertTrue(quick.row["activated"], quick.reply)
        before = self.live()
        self.machine.run("renewctl", "renew", NAME, "--wait", "--force")
        self.wait_served(other_than=before)
        thread.join()
        self.check_ended(slow[0], 6)
        self.check_row(slow[0], "hook", "timed out")
        self.assertLess(slow[0].watch.main_gone - slow[0].watch.began, 6 + SLACK, "TERM is enough for it")

    def test_02_deaf(self):
        """H2 what ignores SIGTERM is killed"""
        outcome = self.misbehave("h2", "#!/bin/sh\ntrap '' TERM INT HUP\nwhile :; do sleep 1; done\n")
        self.check_ended(outcome)
        self.check_row(outcome, "hook", "timed out")

    def test_03_children(self):
        """H3 a hundred children that ignore SIGTERM are ended with it"""
        outcome = self.misbehave("h3", "#!/bin/sh\ntrap '' TERM\nfor i in $(seq 100); do sleep 1000 & done\nwait\n", tasks=128)
        self.assertGreater(outcome.watch.most_tasks, 100)
        self.check_ended(outcome)
        self.check_row(outcome, "hook", "timed out")

    def test_04_daemon(self):
        """H4 a daemon of its own session that keeps the pipe is not waited for, and ended"""
        outcome = self.misbehave("h4", "#!/bin/sh\nsetsid sh -c 'trap \"\" TERM; : >/srv/targets/h4.up; while :; do sleep 1; done' &\n"
                                 "while ! [ -e /srv/targets/h4.up ]; do sleep 0.1; done\nexit 0\n", timeout=30)
        self.check_ended(outcome, 0)
        self.assertGreater(outcome.watch.empty - outcome.watch.main_gone, 1, "nothing was left to be ended")
        self.assertTrue(outcome.row["activated"], outcome.reply)
        self.assertLess(outcome.elapsed, 5 + 10 + SLACK)

    def test_05_fork_bomb(self):
        """H5 a fork bomb is held by its limit of tasks, and the machine can be used"""
        self.configure("h5", "#!/bin/sh\nbomb() { bomb | bomb & }\nbomb\nwhile :; do sleep 1; done\n", tasks=24)
        outcomes = []
        thread = threading.Thread(target=lambda: outcomes.append(self.deploy("h5")))
        thread.start()
        wait_until(lambda: Watch(self.machine, "h5").groups(), 20, "it runs")
        began = time.monotonic()
        self.machine.run("renewctl", "status", check=False)
        self.machine.run("systemctl", "is-active", "nginx.service")
        answered = time.monotonic() - began
        thread.join()
        print(f"# measured: two commands beside it took {answered:.1f} s")
        self.assertLess(answered, LIMIT + 5 + SLACK)
        self.assertGreater(outcomes[0].watch.most_tasks, 20, "it was no bomb")
        self.assertLessEqual(outcomes[0].watch.most_tasks, 24)
        self.check_ended(outcomes[0])
        self.check_row(outcomes[0], "hook")

    def test_06_output(self):
        """H6 ten gigabytes of output: the installer keeps the first 64 KiB, and its memory stays flat"""
        quiet = self.misbehave("h6", "#!/bin/sh\nsleep 1\nexit 3\n", timeout=30)
        octets = GIGABYTES * 10 ** 9
        loud = self.misbehave("h6", f"#!/bin/sh\nyes 'beginning of the flood' | head -c {octets} && echo done >/srv/targets/h6.done\nexit 3\n",
                              timeout=900, wait=1000)
        print(f"# measured: {GIGABYTES} GB in {loud.elapsed:.0f} s; the installer's peak was {loud.watch.installer_peak} KiB, without "
              f"output {quiet.watch.installer_peak} KiB", flush=True)
        self.assertEqual(self.machine.read("/srv/targets/h6.done"), b"done\n", "not all of it was written")
        self.check_row(loud, "hook", "exited with 3", "beginning of the flood")
        self.assertGreater(quiet.watch.installer_peak, 0)
        self.assertLess(loud.watch.installer_peak, quiet.watch.installer_peak + 1024)
        self.assertLess(len(json.dumps(loud.reply)), 2048)
        self.assertNotIn("beginning of the flood\\nbeginning", self.machine.run("journalctl", "-b", "-o", "json").stdout)
        self.assertLess(int(self.machine.run("du", "-sk", "/var/lib/renewd/installer").stdout.split()[0]), 1024)

    def test_07_binary(self):
        """H7 binary output and escape sequences reach neither row nor journal unescaped"""
        outcome = self.misbehave("h7", "#!/bin/sh\nprintf '\\033[31mred\\001\\377\\200\\007 end'\nexit 1\n")
        self.check_row(outcome, "hook", "exited with 1", "red", "end")
        self.assertTrue(outcome.row["error"].isprintable(), outcome.row["error"])
        for line in self.machine.run("journalctl", "-b", "-o", "json", "-t", "renewd-installer").stdout.splitlines():
            message = json.loads(line)["MESSAGE"]
            self.assertTrue(isinstance(message, str) and message.isprintable(), message)

    def test_08_ends(self):
        """H8 exits, signals and core dumps are told apart; the certificate stays, and a hook that is mended is run again"""
        for program, words in (("exit 1", "exited with 1"), ("exit 127", "exited with 127"), ("kill -KILL $$", "killed by SIGKILL"),
                               ("kill -SEGV $$", "killed by SIGSEGV")):
            self.check_row(self.misbehave("h8", f"#!/bin/sh\n{program}\n"), "hook", words)
        self.check_row(self.misbehave("h8", "#!/bin/sh\nhead -c 200000000 /dev/zero | tail -c 190000000 | wc -c\nexit 1\n", timeout=30),
                       "hook")
        outcome = self.misbehave("h8", "#!/bin/sh\nexit 0\n")
        self.assertTrue(outcome.row["activated"], outcome.reply)
        self.assertIsNone(outcome.row.get("step"))

    def test_09_unusable(self):
        """H9 missing, not executable, without a first line, on a file system without programs, replaced while it runs"""
        machine = self.machine
        self.configure("h9")
        self.check_row(self.deploy("h9"), "hook", "/opt/hooks/h9", "No such file")
        machine.write("/opt/hooks/h9", "#!/bin/sh\n", 0o644)
        self.check_row(self.deploy("h9"), "hook", "/opt/hooks/h9", "Permission denied")
        machine.write("/opt/hooks/h9", "touch /srv/targets/a-shell-ran-it\n", 0o755)
        self.check_row(self.deploy("h9"), "hook", "could not be executed", "#!")
        self.assertNotEqual(machine.run("test", "-e", "/srv/targets/a-shell-ran-it", check=False).returncode, 0)
        machine.shell("mkdir -p /opt/plain && mount -t tmpfs -o noexec,mode=755 tmpfs /opt/plain")
        machine.write("/opt/plain/h9", "#!/bin/sh\n", 0o755)
        self.configure("h9", None, more="Hook=/opt/plain/h9\n")
        self.check_row(self.deploy("h9"), "hook", "could not be executed")
        again = "#!/bin/sh\nprintf '#!/bin/sh\\nexit 5\\n' >/opt/hooks/new && chmod 755 /opt/hooks/new && mv /opt/hooks/new $0\nexit 0\n"
        outcome = self.misbehave("h9", again)
        self.assertTrue(outcome.row["activated"], outcome.reply)
        self.check_row(self.deploy("h9"), "hook", "exited with 5")

    def test_10_deletes(self):
        """H10 one that deletes the target's files and all of the installer's state: both come back without an order"""
        machine, orders = self.machine, self.orders()
        gone = self.misbehave("h10", "#!/bin/sh\nrm -rf /srv/targets/h10.pem\nexit 0\n")
        self.assertFalse(gone.row["in_place"], "it is noticed at once")
        self.configure("h10", "#!/bin/sh\nexit 0\n")
        self.assertTrue(self.deploy("h10").row["in_place"])
        self.misbehave("h10", "#!/bin/sh\nrm -rf /var/lib/renewd/installer/* /var/lib/renewd/live/* /var/lib/renewd/versions "
                       "/srv/targets/h10.pem\nexit 0\n")
        self.assertIsNone(self.live())
        self.configure("h10", "#!/bin/sh\nexit 0\n")
        machine.run("systemctl", "reload", "renewd.service")
        wait_until(lambda: self.row("h10").get("state") == "verified", 120, lambda: f"{self.row('h10')}\n{self.journal()}", 0.5)
        self.wait_served()
        self.assertIn(b"BEGIN CERTIFICATE", machine.read("/srv/targets/h10.pem"))
        self.assertEqual(self.orders(), orders)
        os.unlink(machine.path(f"/etc/renewd/certificates/{NAME}.conf.d/h10.conf"))
        machine.run("systemctl", "reload", "renewd.service")

    def test_11_calls_back(self):
        """H11 one that calls the control socket and the installer gets answers, and there is no deadlock"""
        call = {"certificate": NAME, "target": "h11", "leaf": pki.leaf_id(self.live())}
        outcome = self.misbehave("h11", "#!/bin/sh\nrenewctl status >/srv/targets/h11.status 2>&1\n"
                                 f"varlinkctl call /run/renewd/installer io.renewd.Installer.Deploy '{json.dumps(call)}' "
                                 ">/srv/targets/h11.reply 2>&1\nexit 0\n", timeout=60)
        self.assertTrue(outcome.row["activated"], outcome.reply)
        self.assertIn(NAME.encode(), self.machine.read("/srv/targets/h11.status"))
        self.assertIn(b"Busy", self.machine.read("/srv/targets/h11.reply"))
        self.assertLess(outcome.elapsed, 40)

    def test_12_units(self):
        """H12 a reload that fails or hangs, a masked unit, a dead service: said, and none is started"""
        machine = self.machine
        for name, reload in (("fails", "/bin/false"), ("hangs", "/bin/sleep infinity"), ("masked", "/bin/true"), ("dead", "/bin/true"),
                             ("dies", "/bin/kill -KILL $MAINPID")):
            machine.write(f"/etc/systemd/system/{name}.service", f"[Service]\nExecStart=/bin/sleep infinity\nExecReload={reload}\n")
            self.configure(name, None, timeout=3, more=f"Reload={name}.service\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "fails", "hangs", "masked", "dies")
        self.check_row(self.deploy("fails"), "reload", "fails.service", "failed")
        outcome = self.deploy("hangs")
        self.check_row(outcome, "reload", "has not ended after 3 s")
        self.assertLess(outcome.elapsed, 3 + 10 + SLACK)
        outcome = self.deploy("dead")
        self.assertEqual((outcome.row["unit"], outcome.row["activated"], outcome.row.get("step")), ("inactive", False, None))
        machine.shell("mv /etc/systemd/system/masked.service /run/masked.away; systemctl mask --runtime masked.service")
        outcome = self.deploy("masked")
        self.assertEqual((outcome.row["step"], outcome.row["activated"]), ("reload", False), outcome.reply)
        self.assertIn("masked", outcome.row["error"])
        outcome = self.deploy("dies")
        self.assertEqual(outcome.row["step"], "reload")
        self.assertIn("does not run", outcome.row["error"])
        self.assertEqual(self.active("dead.service"), "inactive")

    # -- telling in other ways --

    def test_13_signal(self):
        """a signal reaches the main process alone; a command has its user's rights; neither reaches a stopped service"""
        machine = self.machine
        machine.write("/opt/hooks/server", "#!/bin/sh\ntrap 'echo main >>/srv/targets/signals' USR1\n"
                      "sh -c 'trap \"echo child >>/srv/targets/signals\" USR1; while :; do sleep 0.2; done' &\n"
                      "while :; do sleep 0.2; done\n", 0o755)
        machine.write("/etc/systemd/system/server.service", "[Service]\nExecStart=/opt/hooks/server\n")
        machine.write("/opt/hooks/client", "#!/bin/sh\nid -un >/tmp/client-was-here\necho $HOME >>/tmp/client-was-here\n", 0o755)
        machine.run("systemctl", "daemon-reload")
        more = "Unit=server.service\nSignal=USR1\nCommand=/opt/hooks/client\nCommandUser=www-data\n"
        self.configure("h13", None, more=more)
        outcome = self.deploy("h13")
        self.assertEqual((outcome.row["unit"], outcome.row["activated"]), ("inactive", False))
        self.assertNotEqual(machine.run("test", "-e", "/tmp/client-was-here", check=False).returncode, 0)
        machine.run("systemctl", "start", "server.service")
        time.sleep(1)
        outcome = self.deploy("h13")
        self.assertTrue(outcome.row["activated"], outcome.reply)
        self.assertEqual(machine.read("/srv/targets/signals"), b"main\n")
        self.assertEqual(machine.read("/tmp/client-was-here"), b"www-data\n/var/www\n")

    def test_14_memory(self):
        """a command that needs more memory than it may have is ended, and that is said"""
        self.configure("h14", None, timeout=60, more="Command=/usr/bin/python3 -c \"a = bytearray(300 * 1024 * 1024)\"\n")
        outcome = self.deploy("h14")
        self.check_row(outcome, "command", "/usr/bin/python3")
        # Where memory is a hierarchy of its own (cgroup v1) systemd does not learn what killed it.
        self.assertRegex(outcome.row["error"], "more memory than Memory= allows|killed by SIGKILL")


if __name__ == "__main__":
    harness.main()
