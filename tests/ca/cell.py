"""One cell of the matrix: a machine with an old certificate, a script, and what must come of it."""

import os
import time

import judge
from clock import HOUR
from script import Script


class Cell:
    """`script()` makes a fresh one. fresh: the engine has lost its account record. horizon: how long it may take. setup(machine,
    authority): what else is to be before the start. heals: how many attempts it may take once the CA is well again. killed: the script kills the
    engine, and it is started again. settles: what was renewed is looked at by another start."""

    def __init__(self, tag, title, script, expect, fresh=False, horizon=30 * HOUR, setup=None, heals=1, killed=False, settles=True):
        self.tag, self.title, self.script, self.expect = tag, title, script, expect
        self.fresh, self.horizon, self.setup, self.heals, self.killed = fresh, horizon, setup, heals, killed
        self.settles = settles

    @property
    def name(self):
        return f"{self.tag} {self.title}"


class Bench:
    """Runs cells on one machine."""

    def __init__(self, machine):
        self.machine, self.authority, self.clock = machine, machine.authority, machine.clock
        self.logs = []

    def run(self, cell):
        self.logs = []
        self._prepare(cell)
        run = self._play(cell)
        self.logs.append(run.log)
        judge.check_run(run)
        assert self.authority.script.met() > 0 or cell.setup, "the script was never played"
        problems = self.machine.state_problems()
        assert not problems, f"state: {problems}"
        judge.check_counts(self.authority, cell.expect)
        good = self._was_renewed(cell.expect, run)
        if good:
            self._check_renewed(run)
        else:
            gap = judge.check_failure(run, self.machine, cell.expect)
            judge.check_old_leaf(self.machine)
        if cell.expect.check:
            cell.expect.check(self.machine, self.authority, run)
        if not good or cell.settles:
            self._heal(0 if good else gap, good, cell.heals)

    def _prepare(self, cell):
        self.machine.renew_state()
        self.machine.server.open()
        self.authority.accounts.restore()
        self.authority.reset(cell.script())
        self.clock.clear()
        self.clock.set(time.time())
        if cell.fresh:
            self.machine.lose_account()
        if cell.setup:
            cell.setup(self.machine, self.authority)

    def _play(self, cell):
        run = self._start(cell)
        if cell.killed:
            assert run.status == -9, f"exit {run.status}, though it was to be killed"
            self.logs.append(run.log)
            run = self._start(cell)
        return run

    def _start(self, cell):
        end = self.clock.now() + cell.horizon
        self.clock.limit(end + 1)
        child = self.machine.spawn()
        self.authority.kill = lambda: os.killpg(child.pid, 9)
        return self.machine.finish(child, lambda: self.machine.has_ended() or self.clock.now() >= end)

    def _was_renewed(self, expect, run):
        is_new = self.machine.leaf() != self.machine.old
        if expect.renewed is not None:
            words = run.failures()[:1] or run.lines[-3:]
            assert is_new == expect.renewed, f"{'' if is_new else 'not '}renewed: {words}"
        return is_new

    def _check_renewed(self, run):
        assert run.status == 0, f"exit {run.status}"
        assert not run.failures(), f"a failure is told of a renewal that came through: {run.failures()}"
        judge.check_new_leaf(self.machine, self.authority)

    def _heal(self, gap, good, tries):
        """The CA is well again: a fresh start loads the state and, if it is not renewed yet, is through within so many attempts."""
        self.authority.script, self.authority.renewal_info = Script(), None
        self.authority.script.authority = self.authority
        self.machine.server.open()
        orders = self.authority.count("newOrder")
        for _ in range(tries):
            self.clock.set(self.clock.now() + gap + 1)
            run = self.machine.once()
            self.logs.append(run.log)
            judge.check_run(run)
            if run.status == 0:
                break
            gap = max(self.machine.next_attempt() - self.clock.now(), judge.wait_of("".join(run.failures())) or 60)
        assert run.status == 0, f"exit {run.status} after the CA was well again: {run.failures()}"
        judge.check_new_leaf(self.machine, self.authority)
        if good:
            assert self.authority.count("newOrder") == orders, "ordered again what was just renewed"
