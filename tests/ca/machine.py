"""A machine that has a valid old certificate which is due for renewal: made once per worker, copied for each cell."""

import json
import os
import re
import resource
import shutil
import subprocess
import time

import pki
from clock import DAY
from renewd import Renewd
from script import Script

NAME, NAMES = "a.example.org", "a.example.org b.example.org"
LIFETIME = 90 * DAY
RUN_LIMIT = 60  # real seconds of one run

FAILED = re.compile(rf"^(?:\S+: )?{re.escape(NAME)}: order failed: (?P<words>.*)$")
RETRY = re.compile(r", retrying in (?P<wait>.*)$")


class Run:
    """What one run of renewd left behind."""

    def __init__(self, status, log, cpu, turns, began, ended):
        self.status, self.log, self.cpu, self.turns, self.began, self.ended = status, log, cpu, turns, began, ended
        self.lines = log.splitlines()

    def failures(self):
        return [m.group("words") for m in map(FAILED.match, self.lines) if m]

    def sanitizer(self):
        return [line for line in self.lines if "Sanitizer" in line or "runtime error:" in line]


class Machine:
    """One renewd below `directory`, at one CA."""

    def __init__(self, installation, library, directory, clock, server, authority, http_port):
        self.library, self.clock, self.server, self.authority = library, clock, server, authority
        self.renewd = Renewd(installation, directory)
        self.template = os.path.join(directory, "template")
        self.old = None
        self.http_port = http_port
        self.renewd.configure(listen=f"127.0.0.1:{http_port}", ca="ca")
        self.renewd.authority(f"{authority.base}/dir", server.bundle, name="ca")
        self.renewd.certificate(NAME, "", NAMES)

    def prepare(self):
        """The first issuance, as long ago as makes the certificate due now."""
        self.authority.reset(Script())
        self.clock.set(time.time() - 61 * DAY)
        run = self.once()
        assert run.status == 0 and self.renewd.live_leaf(NAME), f"the machine cannot be prepared: exit {run.status}\n{run.log}"
        self.old = self.renewd.live_leaf(NAME)
        self.authority.accounts.remember()
        os.rename(self.renewd.state, self.template)

    def renew_state(self):
        shutil.rmtree(self.renewd.state, ignore_errors=True)
        subprocess.run(["cp", "-a", self.template, self.renewd.state], check=True)

    def environment(self):
        return {**os.environ, "LD_PRELOAD": self.library, "RENEWD_LEAP": self.clock.path, "RENEWD_LEAP_UNTIL": ": order failed: ",
                "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1:exitcode=99:allocator_may_return_null=1",
                "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99:print_stacktrace=1"}

    def spawn(self, *more):
        self.log = os.path.join(self.renewd.directory, "run.log")
        with open(self.log, "wb") as out:
            return subprocess.Popen(self.renewd.argv(*more), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                    env=self.environment(), start_new_session=True)

    def read_log(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def once(self):
        """renewd --once, to its end."""
        return self.finish(self.spawn("--once"), lambda: False)

    def finish(self, child, is_enough):
        """Waits for the end; when is_enough(), the end is asked for."""
        began, wall, asked = time.monotonic(), self.clock.now(), False
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        while child.poll() is None:
            if not asked and is_enough():
                asked = True
                child.terminate()
            if time.monotonic() - began > RUN_LIMIT:
                os.killpg(child.pid, 9)
            time.sleep(0.004)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        run = Run(child.returncode, self.read_log(), cpu, self.clock.turns(), wall, self.clock.now())
        self.clock.clear()
        return run

    def record(self):
        return self.renewd.record(NAME)

    def next_attempt(self):
        return self.record().get("next_attempt", 0)

    def lose_account(self):
        """Neither side knows of the account; its key is still there."""
        path = os.path.join(self.renewd.state, "engine/accounts/ca.json")
        if os.path.exists(path):
            os.unlink(path)
        self.authority.accounts.forget()

    def has_ended(self):
        """The attempt is over, one way or the other."""
        log = self.read_log()
        return ": order failed: " in log or ("certificate issued by" in log and self.leaf() != self.old)

    def state_problems(self):
        """Files of the engine that are no JSON, and files that a writer left."""
        found = []
        for parent, _, files in os.walk(os.path.join(self.renewd.state, "engine")):
            for file in files:
                path = os.path.join(parent, file)
                if file.endswith(".json"):
                    try:
                        with open(path) as f:
                            json.load(f)
                    except ValueError as error:
                        found.append(f"{file}: {error}")
                elif not file.endswith((".pem", "lock", ".damaged")) and os.path.getsize(path) > 0:
                    found.append(f"{file} was left")
        return found

    def leaf(self):
        return self.renewd.live_leaf(NAME)

    def check_pair(self):
        self.renewd.check_pair(NAME)

    def words_of(self, der):
        return pki.describe(der)
