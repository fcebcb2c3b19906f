"""Programs killed, stopped or cut off from power, at any time."""

import contextlib
import os
import signal
import time

import harness
import pki
from booted_case import NAME, BootedCase
from process import wait_until

SOCKETS = ("renewd-http.socket", "renewd-manager.socket", "renewd-signer.socket", "renewd-installer.socket")


class Crash(BootedCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.begin()

    def kill_engine(self, times):
        """Kills it as often, as soon as it runs again; the seconds from the first to the last."""
        kills = []
        for _ in range(times):
            pid = wait_until(lambda: self.machine.pids("renewd"), 10, "renewd runs", 0.01)[0]
            os.kill(pid, signal.SIGKILL)
            kills.append(time.monotonic())
            wait_until(lambda pid=pid: pid not in self.machine.pids("renewd"), 5, "it is dead", 0.01)
        return kills[-1] - kills[0]

    def test_01_kills(self):
        """eight kills within four seconds leave service and sockets alive"""
        machine = self.machine
        # With the shipped pause of half a second eight would not fit.
        self.drop_in("RestartSec=100ms")
        port = self.port_80()
        self.assertRegex(port, "ino:[0-9]+")
        for _ in range(5):  # a busy machine may not start it eight times so quickly
            took = self.kill_engine(8)
            print(f"# eight kills in {took:.1f} s")
            if took < 4:
                break
        else:
            self.fail("eight starts take more than four seconds here")
        wait_until(lambda: self.active("renewd.service") == "active", 20, self.journal)
        for unit in SOCKETS:
            self.assertEqual(self.active(unit), "active", unit)
        self.assertEqual(self.port_80(), port, "R2.5.7: the socket stayed with systemd, nobody was refused")
        wait_until(self.all_is_well, 60, lambda: "all is well\n" + self.journal())
        self.drop_in(None)
        before = self.live()
        machine.run("renewctl", "renew", NAME, "--wait", "--force")
        self.wait_served(other_than=before)

    def test_02_helper_kills(self):
        """signer and installer may be killed at any time; their sockets go on, and so does the order"""
        machine = self.machine
        for program in ("renewd-signer", "renewd-installer"):
            before, orders = self.live(), self.orders()
            machine.run("renewctl", "renew", NAME, "--force", check=False)
            for _ in range(2):
                pid = wait_until(lambda: machine.pids(program), 90, lambda: f"{program} runs\n{self.journal()}", 0.005)[0]
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                wait_until(lambda: pid not in machine.pids(program), 5, "it is dead", 0.005)
            self.wait_served(timeout=150, other_than=before)
            print(f"# {program} killed twice: {self.orders() - orders} orders", flush=True)
        for unit in SOCKETS:
            self.assertEqual(self.active(unit), "active", unit)

    def test_03_watchdog(self):
        """a stopped engine is noticed by the watchdog and started again; one at rest feeds it"""
        machine = self.machine
        self.drop_in("WatchdogSec=4s\nTimeoutAbortSec=1s")
        before = machine.pids("renewd")
        time.sleep(9)
        self.assertEqual(machine.pids("renewd"), before, "an engine at rest feeds it")
        self.assertEqual(machine.show("renewd.service", "NRestarts"), "0")
        os.kill(before[0], signal.SIGSTOP)
        wait_until(lambda: machine.pids("renewd") and machine.pids("renewd") != before, 30, "another engine runs", 0.2)
        self.assertEqual(machine.show("renewd.service", "NRestarts"), "1")
        self.drop_in(None)
        self.assertEqual(self.active("renewd.service"), "active")

    def test_04_restarts(self):
        """crashes met by reloads and restarts at any moment leave port 80 open; a stop closes it, a start opens it"""
        machine = self.machine
        port = self.port_80()
        for pause in (0, 0.1, 0.3, 0.45, 0.5, 0.55, 0.6):
            pid = wait_until(lambda: machine.pids("renewd"), 10, "renewd runs", 0.01)[0]
            os.kill(pid, signal.SIGKILL)
            time.sleep(pause)
            machine.shell("systemctl daemon-reload; systemctl restart renewd.service")
            self.assertEqual(self.port_80(), port, pause)
        machine.run("systemctl", "stop", "renewd.service")
        wait_until(lambda: self.active("renewd-http.socket") == "inactive", 10, self.journal)
        self.assertEqual(self.port_80(), "")
        self.assertEqual(self.active("renewd-manager.socket"), "inactive")
        machine.run("systemctl", "start", "renewd.service")
        self.assertRegex(self.port_80(), "ino:[0-9]+")
        wait_until(self.all_is_well, 60, lambda: "all is well\n" + self.journal())

    def port_80(self):
        """The listening socket: the same inode is the same socket."""
        return " ".join(w for w in self.machine.run("ss", "-Hltne", "sport = :80").stdout.split() if w.startswith("ino:"))

    def drop_in(self, lines):
        """Other settings for the service, or the shipped ones again."""
        path = "/etc/systemd/system/renewd.service.d/test.conf"
        if lines:
            self.machine.write(path, f"[Service]\n{lines}\n")
        else:
            os.unlink(self.machine.path(path))
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "restart", "renewd.service")

    def test_05_power_cut(self):
        """a power cut between two renames at the target is put right at boot, before nginx starts"""
        machine = self.machine
        first = self.first_rename()
        before = self.live()
        self.arm(first, 1)
        machine.run("renewctl", "renew", NAME, "--force", check=False)
        wait_until(lambda: any(line.endswith(f" {first}") for line in self.calls()), 60,
                   lambda: f"the installer dies at {first}\n{self.journal()}")
        machine.power_cut()
        os.unlink(machine.root + "/etc/systemd/system/renewd-installer@.service.d/kill.conf")
        ssl_directory = machine.root + "/etc/nginx/ssl/"
        self.assertNotEqual(pki.public_key(ssl_directory + f"{NAME}.key", "pkey"), pki.public_key(ssl_directory + f"{NAME}.crt", "x509"),
                            "the cut was not between the renames")
        machine.boot()
        self.assertIn("sysinit.target", machine.show("renewd-recover.service", "Before").split())
        self.assertEqual(machine.show("renewd-recover.service", "Result"), "success")
        # With a pair that does not match it would have failed. The engine may be at it already.
        self.assertIn(self.active("nginx.service"), ("active", "reloading"))
        ended = int(machine.show("renewd-recover.service", "ExecMainExitTimestampMonotonic"))
        self.assertGreater(ended, 0)
        self.assertLess(ended, int(machine.show("nginx.service", "ExecMainStartTimestampMonotonic")))
        self.wait_served(other_than=before)

    def arm(self, name, number):
        """The installer is killed after its n-th rename to this name, and as often as it is started again; 0: it only
        writes down what it does."""
        self.machine.run("install", "-d", "-m", "0777", "/var/lib/kill")
        self.machine.shell("rm -f /var/lib/kill/calls")
        self.machine.write("/etc/systemd/system/renewd-installer@.service.d/kill.conf",
                           "[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/kill-at.so RENEWD_KILL_LOG=/var/lib/kill/calls "
                           f"RENEWD_KILL_PROGRAM=renewd-installer RENEWD_KILL_NAME={name} RENEWD_KILL_COUNT={number} "
                           f"RENEWD_KILL_WHEN=after{' RENEWD_KILL_STAY=1' if number else ''}\n")
        self.machine.run("systemctl", "daemon-reload")

    def calls(self):
        try:
            return self.machine.read("/var/lib/kill/calls").decode().splitlines()
        except FileNotFoundError:
            return []

    def first_rename(self):
        """The name that a renewal renames to first at the target."""
        self.arm("-", 0)
        before = self.live()
        self.machine.run("renewctl", "renew", NAME, "--wait", "--force")
        self.wait_served(other_than=before)
        at_target = [line.split()[-1] for line in self.calls() if line.endswith((f" {NAME}.key", f" {NAME}.crt"))]
        self.assertEqual(len(at_target), 2, self.calls())
        return at_target[0]


if __name__ == "__main__":
    harness.main()
