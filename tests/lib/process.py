"""Child processes with a log file, free ports, and waiting for something to become true."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time


class Timeout(AssertionError):
    """What was waited for did not come."""


PORT_FIRST, PORT_BLOCK, PORT_BLOCKS = 10000, 100, 220  # below what the kernel gives to outgoing connections
_ports = None


def _own_ports():
    """A block of ports that no other process of the tests draws from, for as long as this one lives."""
    for block in range(PORT_BLOCKS):
        path = os.path.join(tempfile.gettempdir(), f"renewd-test-ports-{block}")
        with contextlib.suppress(OSError):
            held = open(path, "w")
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.close()
                continue
            first = PORT_FIRST + block * PORT_BLOCK
            while True:
                for port in range(first, first + PORT_BLOCK):
                    yield port, held
    raise Timeout("every block of ports is taken by other tests")


def free_port():
    """A TCP port of 127.0.0.1 that nobody has, nor will be given while this process lives."""
    global _ports
    _ports = _ports or _own_ports()
    for _ in range(PORT_BLOCK):
        port, _held = next(_ports)
        with contextlib.suppress(OSError), socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            return port
    raise Timeout("no port of this process's block is free")


def wait_until(check, timeout, what, interval=0.05):
    """Calls check() until it gives something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Timeout(f"not within {timeout} s: {what() if callable(what) else what}")
        time.sleep(interval)


def port_answers(port, host="127.0.0.1"):
    with contextlib.suppress(OSError):
        with socket.create_connection((host, port), 1):
            return True
    return False


def run(argv, check=True, timeout=120, **kwargs):
    """Runs a program to its end; its output is in the error when it fails."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, errors="replace", timeout=timeout, **kwargs)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}")
    return done


class Process:
    """A program that runs on its own, in its own process group, with its output in a file."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.argv = [str(a) for a in argv]
        self.log = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env,
                                          cwd=cwd, start_new_session=True)

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def output(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def signal(self, number):
        self.child.send_signal(number)

    def stop(self, timeout=20):
        """Ends it politely, then not; returns its status."""
        if self.alive():
            self.child.terminate()
            try:
                self.child.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        self._end_group()
        return self.child.returncode

    def kill(self):
        """kill -9 of the whole group, as a power cut would."""
        self._end_group()
        self.child.wait(10)

    def _end_group(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def descendants(pid):
    """All processes below this one that live now."""
    found, todo = [], children(pid)
    while todo:
        child = todo.pop()
        found.append(child)
        todo += children(child)
    return found


def program_of(pid):
    """The name of the program file, or an empty string."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe")).removesuffix(" (deleted)")
    except OSError:
        return ""
