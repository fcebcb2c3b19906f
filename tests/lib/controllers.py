"""cgroups of a booted machine in which TasksMax= and MemoryMax= hold.

Where the kernel keeps pids and memory in hierarchies of their own (cgroup v1), systemd-nspawn hands them over read-only, and
systemd in the machine sets no limits. So the machine begins in a group of its own in each, they are made writable, and its systemd
is told to look again. With cgroup v2 there is nothing to do."""

import contextlib
import os

NAMES = ("pids", "memory")


def _own_group(controller):
    with open("/proc/self/cgroup") as f:
        for line in f:
            _, names, path = line.rstrip("\n").split(":", 2)
            if controller in names.split(","):
                return path.rstrip("/")
    raise AssertionError(f"no cgroup controller {controller}")


class Controllers:
    def __init__(self, name):
        v1 = not os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        self.groups = [f"/sys/fs/cgroup/{c}{_own_group(c)}/{name}" for c in NAMES] if v1 else []

    def enter(self, argv):
        """The program, begun in these groups."""
        if not self.groups:
            return argv
        for group in self.groups:
            os.makedirs(group, exist_ok=True)
        into = "; ".join(f"echo $$ >'{group}/cgroup.procs' || exit" for group in self.groups)
        return ["sh", "-c", into + '; exec "$@"', "enter", *argv]

    def hand_over(self, machine):
        for controller in NAMES if self.groups else ():
            machine.run("mount", "-o", "remount,bind,rw", f"/sys/fs/cgroup/{controller}")
        if self.groups:
            machine.run("systemctl", "daemon-reexec")

    def remove(self):
        for group in self.groups:
            for directory, _, _ in os.walk(group, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
