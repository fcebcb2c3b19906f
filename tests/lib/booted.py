"""A Debian 13 that is booted by systemd-nspawn over a cached root tree, with renewd installed in it."""

import contextlib
import ctypes
import fcntl
import glob
import hashlib
import os
import shutil
import socket
import subprocess
import time

import build
from controllers import Controllers
from process import Process, children, descendants, program_of, run, wait_until

CACHE = os.environ.get("RENEWD_TEST_CACHE", "/var/cache/renewd-tests")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
ROOMS = ("base", "acme", "config", "systemd", "probe", "daemon", "signer", "hooks", "ctl", "doc")


def nspawn(root, name, *argv):
    """systemd-nspawn as a program of its own, with nothing but a loopback; it dies with the test, and the machine with it."""
    return ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "-q", "--register=no", "--keep-unit", "--private-network",
            f"--machine={name}", "-D", root, *argv]


class Tree:
    """Layers of directories seen as one, what is written being thrown away: it lies in memory."""

    def __init__(self, lower, directory):
        self.directory = directory
        self.root = os.path.join(directory, "root")
        self.name = "renewd-" + hashlib.sha256(directory.encode()).hexdigest()[:8]
        self.close()
        os.makedirs(directory, exist_ok=True)
        run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", directory])
        for sub in ("root", "upper", "overlay"):
            os.mkdir(os.path.join(directory, sub), 0o755)
        run(["mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={':'.join(lower)},upperdir={directory}/upper,workdir={directory}/overlay", self.root])

    def close(self):
        for path in (self.root, self.directory):
            while os.path.ismount(path):
                # What just died may hold it for a moment.
                wait_until(lambda path=path: run(["umount", path], check=False).returncode == 0, 10, f"{path} is unmounted")
        shutil.rmtree(self.directory, ignore_errors=True)

    def chroot(self, *argv, bind=(), timeout=600):
        """Runs a program in the tree that is not booted, with the checkout at /src."""
        return run(nspawn(self.root, self.name, "--pipe", f"--bind-ro={build.CHECKOUT}:/src", *(f"--bind={b}" for b in bind),
                          "--setenv=LC_ALL=C.UTF-8", *argv), timeout=timeout)


def make_root(packages=None):
    """The directories of a root tree, the uppermost first, with what this list of the checkout adds; made when missing."""
    argv = [os.path.join(build.CHECKOUT, "tests/system/make-root"), CACHE]
    argv += [os.path.join(build.CHECKOUT, packages)] if packages else []
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", timeout=1800)
    assert done.returncode == 0, f"{' '.join(argv)}\n" + "\n".join(done.stderr.splitlines()[-40:])
    return done.stdout.splitlines()


# -- renewd for that tree ----------------------------------------------------------------------------


def _digest_of_sources():
    """Of everything that is compiled or installed."""
    digest = hashlib.sha256()
    paths = [os.path.join(build.CHECKOUT, name) for name in ("meson.build", "meson_options.txt", "tests/fault/kill-at.c")]
    for room in ROOMS:
        for parent, _, files in sorted(os.walk(os.path.join(build.CHECKOUT, room))):
            paths += [os.path.join(parent, file) for file in sorted(files)]
    for path in paths:
        digest.update(path.encode() + b"\0")
        with open(path, "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()


def _compile(tree, work, compiler):
    directory = os.path.join(work, f"build-{compiler}")
    again = ["--reconfigure"] if os.path.exists(os.path.join(directory, "build.ninja")) else []
    bind = [f"{work}:/work"]
    tree.chroot("env", f"CC={compiler}", "meson", "setup", *again, "-Dwerror=true", "-Dtests=false", "-Dprefix=/usr",
                f"/work/build-{compiler}", "/src", bind=bind)
    tree.chroot("meson", "compile", "-C", f"/work/build-{compiler}", bind=bind)


def _remove_old_images(work):
    """An image may be below a machine that runs now, so one that was used lately stays."""
    for path in glob.glob(os.path.join(work, "image-*")):
        if time.time() - os.stat(path).st_mtime > 3600:
            shutil.rmtree(path, ignore_errors=True)


def _make_image(base, work, image):
    """What `meson install` puts into a directory."""
    tree = Tree([base], os.path.join(work, "tree"))
    bind = [f"{work}:/work"]
    inside = f"/work/{os.path.basename(image)}"
    try:
        _compile(tree, work, "clang")
        _compile(tree, work, "gcc")
        os.makedirs(image + "/usr/local/lib")
        tree.chroot("meson", "install", "--no-rebuild", "--quiet", "-C", "/work/build-gcc", "--destdir", inside, bind=bind)
        # For the power cut between two renames.
        tree.chroot("gcc", "-std=gnu17", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", f"{inside}/usr/local/lib/kill-at.so",
                    "/src/tests/fault/kill-at.c", bind=bind)
    finally:
        tree.close()


def install(base, place):
    """Builds renewd in the tree with gcc and clang, warnings being errors; returns the directory that holds what was
    installed. Does nothing when no source has changed."""
    work = os.path.join(place, os.path.basename(base))
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(work, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        image = os.path.join(work, f"image-{_digest_of_sources()[:16]}")
        if not os.path.exists(image):
            _remove_old_images(work)
            shutil.rmtree(image + ".new", ignore_errors=True)
            _make_image(base, work, image + ".new")
            os.rename(image + ".new", image)
        os.utime(image)
    return image


# -- the machine -------------------------------------------------------------------------------------


class Machine(Tree):
    def __init__(self, layers, directory):
        super().__init__(layers, directory)
        self.process = None
        self.leader = None
        self.controllers = None

    def enable(self, *units):
        """Before the boot."""
        run(["systemctl", f"--root={self.root}", "enable", "--quiet", *units])

    def boot(self, limits=False):
        """limits: what its units may have of tasks and memory shall hold."""
        argv = nspawn(self.root, self.name, "--console=pipe", "-b")
        if limits:
            self.controllers = Controllers(self.name)
            argv = self.controllers.enter(argv)
        self.process = Process(argv, os.path.join(self.directory, "boot.log"))
        self.leader = wait_until(self._find_leader, 30, lambda: "the machine boots\n" + self.process.output())
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"),
                   60, lambda: "the machine has booted\n" + self.process.output(), 0.3)
        if self.controllers:
            self.controllers.hand_over(self)

    def _find_leader(self):
        assert self.process.alive(), "systemd-nspawn ended\n" + self.process.output()
        return next((p for p in children(self.process.pid) if program_of(p) == "systemd"), None)

    def run(self, *argv, check=True, timeout=120):
        """Runs a program in the booted machine, as root."""
        return run(["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "--root", "--wd", "--", "/usr/bin/env", "-i",
                    f"PATH={PATH}", "LC_ALL=C.UTF-8", *argv], check=check, timeout=timeout)

    def shell(self, script, check=True, timeout=120):
        return self.run("sh", "-c", script, check=check, timeout=timeout)

    def pids(self, program):
        """Processes of this program in the machine, by this machine's numbers."""
        return [p for p in descendants(self.process.pid) if program_of(p) == program]

    def show(self, unit, name):
        return self.run("systemctl", "show", "-P", name, unit).stdout.strip()

    def path(self, path):
        """How this machine reaches a path of the booted one, its /run included."""
        return f"/proc/{self.leader}/root{path}"

    def write(self, path, text, mode=0o644):
        full = (self.path("") if self.leader else self.root) + path
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as f:
            f.write(text)
        os.chmod(full, mode)

    def read(self, path):
        with open(self.path(path), "rb") as f:
            return f.read()

    def connect(self, path, uid=0):
        """A connection to a unix socket of the machine, made by this uid."""
        directory = os.open(self.path(os.path.dirname(path)), os.O_PATH | os.O_DIRECTORY)
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                os.fchdir(directory)
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                s = socket.socket(socket.AF_UNIX)
                s.connect(os.path.basename(path))
                socket.send_fds(theirs, [b"x"], [s.fileno()])
            except OSError as error:
                with contextlib.suppress(OSError):
                    theirs.send(f"e{error.errno}".encode())
            finally:
                os._exit(0)
        theirs.close()
        os.close(directory)
        with ours:
            data, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
        os.waitpid(child, 0)
        if not descriptors:
            raise OSError(int(data[1:] or b"0"), f"uid {uid} cannot connect to {path}")
        connection = socket.socket(fileno=descriptors[0])
        connection.settimeout(30)
        return connection

    def in_network(self, program):
        """Runs a function in a child that is in the machine's network; returns its bytes."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(reading)
                run_in_network(self.leader)
                answer = program()
                os.write(writing, answer)
                status = 0
            except Exception as error:  # whatever it was, the parent tells it
                os.write(writing, repr(error).encode())
            finally:
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading, "rb") as f:
            answer = f.read()
        _, status = os.waitpid(child, 0)
        if status != 0:
            raise OSError(answer.decode(errors="replace"))
        return answer

    def power_cut(self):
        """Everything in the machine dies at once."""
        if self.leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, 9)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.child.wait(20)
        self.process.stop()
        self.leader = None

    def destroy(self):
        if self.process and self.process.alive():
            self.power_cut()
        if self.controllers:
            self.controllers.remove()
        self.close()


def run_in_network(leader):
    """Joins the network namespace of that process (setns is in Python's os from 3.12 only)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{leader}/ns/net") as f:
        if libc.setns(f.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
