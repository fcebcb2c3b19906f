"""The units as installed: what they may, how they start and stop."""

import os
import re
import socket

import harness
import idle
from booted_case import NAME, UNITS, BootedCase
from process import wait_until

SOCKETS = ("renewd-manager.socket", "renewd-signer.socket", "renewd-installer.socket")
EXPOSURE = {"renewd.service": 1.5, "renewd-signer@.service": 1.0, "renewd-installer@.service": 1.9}

# The second of the three ways of HTTP-01.
PROXY = """\
server {
    listen 127.0.0.1:80;
    location /.well-known/acme-challenge/ {
        proxy_pass http://unix:/run/renewd/http;
        proxy_set_header Host $host;
    }
}
"""


class Units(BootedCase):
    def test_01_verify(self):
        """systemd-analyze verify has nothing to say"""
        done = self.machine.shell(f"systemd-analyze verify --man=no {UNITS}/renewd*", check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_02_users(self):
        """users, group and directories are there after the boot, with their rights"""
        for path, owner, mode in (("/var/lib/renewd", "root", "755"), ("/var/lib/renewd/engine", "renewd", "700"),
                                  ("/var/lib/renewd/signer", "renewd-signer", "700"), ("/var/lib/renewd/installer", "root", "700"),
                                  ("/var/lib/renewd/live", "root", "755"), ("/run/renewd", "root", "755")):
            self.assertEqual(self.machine.run("stat", "-c", "%U %a", path).stdout.split(), [owner, mode], path)
        self.machine.run("getent", "group", "renewd-view")

    def test_03_start(self):
        """enable --now starts the service and its sockets; nothing else is enabled but the recovery at boot"""
        self.machine.run("systemctl", "enable", "--now", "renewd.service")
        for unit in ("renewd.service", *SOCKETS):
            self.assertEqual(self.active(unit), "active", unit)
        for unit in ("renewd-http.socket", "renewd-https.socket", "renewd-proxy.socket"):
            self.assertEqual(self.active(unit), "inactive", unit)
        for socket_path, expected in (("manager", "root renewd-view 660"), ("signer", "renewd renewd 600"),
                                      ("installer", "renewd renewd 600")):
            self.assertEqual(self.machine.run("stat", "-c", "%U %G %a", f"/run/renewd/{socket_path}").stdout.strip(), expected)
        self.assertEqual(self.machine.run("systemctl", "is-enabled", "renewd-recover.service").stdout.strip(), "enabled")
        self.assertEqual(self.machine.run("systemctl", "is-system-running", check=False).stdout.strip(), "running")

    def test_04_exposure(self):
        """exposure is at most 1.5 (engine), 1.0 (signer) and 1.9 (installer)"""
        for unit, most in EXPOSURE.items():
            for argv in (["--offline=true", f"{UNITS}/{unit}"], [unit.replace("@.", "@x.")]):
                done = self.machine.run("systemd-analyze", "security", "--no-pager", *argv, check=False)
                exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout).group(1))
                print(f"# exposure of {unit} {'(file)' if len(argv) == 2 else '(loaded)'}: {exposure}")
                self.assertLessEqual(exposure, most, unit)

    def test_05_capabilities(self):
        """engine and signer have no capability, the installer three, none of them more rights than now"""
        expected = {"renewd": "0000000000000000", "renewd-signer": "0000000000000000", "renewd-installer": "000000000000000b"}
        self.machine.run("systemctl", "enable", "--now", "renewd.service")
        with self.machine.connect("/run/renewd/signer"), self.machine.connect("/run/renewd/installer"):
            for program, mask in expected.items():
                pid = wait_until(lambda program=program: self.machine.pids(program), 10, f"{program} runs")[-1]
                with open(f"/proc/{pid}/status") as f:
                    status = f.read()
                for line in (f"CapEff:\t{mask}", f"CapBnd:\t{mask}", "NoNewPrivs:\t1", "Seccomp:\t2"):
                    self.assertIn(line, status, program)

    def test_06_memory(self):
        """the engine alone, after requests verified with the system's CA bundle: at most 12 MiB PSS, 4 MiB of it anonymous"""
        self.begin()
        pss, anonymous = idle.memory(self.machine.pids("renewd")[0])
        print(f"# PSS {pss} KiB, anonymous {anonymous} KiB")
        self.assertLessEqual(pss, idle.MOST_PSS_KIB)
        self.assertLessEqual(anonymous, idle.MOST_ANONYMOUS_KIB)

    def test_07_stop(self):
        """stopping the service closes port 80 and the control socket, and leaves the helpers' sockets"""
        machine = self.machine
        self.begin()
        self.assertEqual(self.active("renewd-http.socket"), "active")
        machine.run("systemctl", "stop", "renewd.service")
        for unit in ("renewd-http.socket", "renewd-manager.socket"):
            self.assertEqual(self.active(unit), "inactive", unit)
        for unit in ("renewd-signer.socket", "renewd-installer.socket"):
            self.assertEqual(self.active(unit), "active", unit)
        with self.assertRaises(OSError):
            machine.in_network(lambda: socket.create_connection(("127.0.0.1", 80), 2).recv(0) or b"x")
        self.assertEqual(sorted(os.listdir(machine.path("/run/renewd"))), ["installer", "signer"])
        self.assertEqual(machine.run("renewctl", "status", check=False).returncode, 2)
        machine.run("systemctl", "stop", "renewd-signer.socket")
        self.assertEqual(os.listdir(machine.path("/run/renewd")), ["installer"])
        machine.run("systemctl", "start", "renewd.service")
        for unit in ("renewd.service", "renewd-http.socket", *SOCKETS):
            self.assertEqual(self.active(unit), "active", unit)

    def test_08_busy_port(self):
        """a busy port 80 fails only its socket; the web server that has it hands the path over (renewd-proxy.socket)"""
        self.begin()
        machine, before = self.machine, self.live()
        machine.run("systemctl", "stop", "renewd.service")
        machine.write("/etc/nginx/conf.d/proxy.conf", PROXY)
        machine.run("systemctl", "reload", "nginx.service")
        wait_until(lambda: machine.in_network(self.port_80_answers) == b"y", 10, "nginx has port 80")
        machine.run("systemctl", "start", "renewd.service")
        self.assertEqual(self.active("renewd-http.socket"), "failed")
        for unit in ("renewd.service", *SOCKETS):
            self.assertEqual(self.active(unit), "active", unit)
        machine.run("systemctl", "disable", "renewd-http.socket")
        machine.run("systemctl", "reset-failed", "renewd-http.socket")
        machine.run("systemctl", "enable", "renewd-proxy.socket")
        machine.run("systemctl", "restart", "renewd.service")
        self.assertEqual(machine.run("stat", "-c", "%a", "/run/renewd/http").stdout.strip(), "666")
        machine.run("renewctl", "renew", NAME, "--wait", "--force")
        self.wait_served(other_than=before)

    def test_09_handed_over_later(self):
        """beside a web server that does not hand the path over yet no validation is wasted; once it does, it is issued within
        a minute"""
        machine, shop = self.machine, "shop.example.org"
        machine.write("/etc/nginx/conf.d/proxy.conf", "server { listen 127.0.0.1:80; return 404; }\n")
        # Not a reload: the old workers would answer for a moment more.
        machine.run("systemctl", "restart", "nginx.service")
        validations = machine.read("/var/log/pebble.log").count(b"POST /chalZ")
        machine.run("renewctl", "add", shop, "--ca", "pebble", "--email", "admin@example.org", "--agree-tos")
        shown = wait_until(lambda: "status 404" in self.show(shop).get("message", "") and self.show(shop), 30,
                           lambda: f"it says what is wrong: {self.show(shop)}\n{self.journal()}")
        self.assertEqual(shown["state"], "failing")
        machine.write("/etc/nginx/conf.d/proxy.conf", PROXY)
        machine.run("systemctl", "reload", "nginx.service")
        wait_until(lambda: self.show(shop).get("state") == "valid", 75, lambda: f"{self.show(shop)}\n{self.journal()}", 0.5)
        # One is enough, but for those that a refused nonce repeats.
        log = machine.read("/var/log/pebble.log")
        self.assertGreater(log.count(b"POST /chalZ"), validations)
        self.assertNotIn(b"set to invalid", log)
        self.assertEqual(self.show(shop)["failures"], 0)

    @staticmethod
    def port_80_answers():
        try:
            socket.create_connection(("127.0.0.1", 80), 2).close()
        except OSError:
            return b"n"
        return b"y"


if __name__ == "__main__":
    harness.main()
