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

    def test_01_kills(self):
        """eight kills within four seconds leave service and sockets alive"""
        machine = self.machine
        # With the shipped pause of half a second eight would not fit.
        self.drop_in("RestartSec=100ms")
        began = time.monotonic()
        for _ in range(8):
            pid = wait_until(lambda: machine.pids("renewd"), 10, "renewd runs", 0.01)[0]
            os.kill(pid, signal.SIGKILL)
            last = time.monotonic()
            wait_until(lambda pid=pid: pid not in machine.pids("renewd"), 5, "it is dead", 0.01)
        print(f"# eight kills in {last - began:.1f} s")
        self.assertLess(last - began, 4)
        wait_until(lambda: self.active("renewd.service") == "active", 20, self.journal)
        for unit in SOCKETS:
            self.assertEqual(self.active(unit), "active", unit)
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

    def drop_in(self, lines):
        """Other settings for the service, or the shipped ones again."""
        path = "/etc/systemd/system/renewd.service.d/test.conf"
        if lines:
            self.machine.write(path, f"[Service]\n{lines}\n")
        else:
            os.unlink(self.machine.path(path))
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "restart", "renewd.service")

    def test_04_power_cut(self):
        """a power cut between two renames at the target is put right at boot, before nginx starts"""
        machine = self.machine
        before, number = self.live(), self.target_rename()
        self.arm(number)
        machine.run("renewctl", "renew", NAME, "--force", check=False)
        wait_until(lambda: len(self.calls()) >= number, 60, lambda: f"the installer dies at {number}\n{self.journal()}")
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

    def arm(self, number):
        """The installer is killed after its n-th rename."""
        self.machine.run("install", "-d", "-m", "0777", "/var/lib/kill")
        self.machine.shell("rm -f /var/lib/kill/calls")
        self.machine.write("/etc/systemd/system/renewd-installer@.service.d/kill.conf",
                           "[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/kill-at.so RENEWD_KILL_LOG=/var/lib/kill/calls "
                           f"RENEWD_KILL_PROGRAM=renewd-installer RENEWD_KILL_COUNT={number} RENEWD_KILL_WHEN=after\n")
        self.machine.run("systemctl", "daemon-reload")

    def calls(self):
        try:
            return self.machine.read("/var/lib/kill/calls").decode().splitlines()
        except FileNotFoundError:
            return []

    def target_rename(self):
        """Which of the installer's calls in a renewal is the first rename at the target."""
        self.arm(0)
        before = self.live()
        self.machine.run("renewctl", "renew", NAME, "--wait", "--force")
        self.wait_served(other_than=before)
        at_target = [n for n, line in enumerate(self.calls(), 1) if line.endswith((f" {NAME}.key", f" {NAME}.crt"))]
        self.assertEqual(len(at_target), 2, self.calls())
        return at_target[0]


if __name__ == "__main__":
    harness.main()
