"""Pebble of several Debian releases beside each other, unpacked below the test cache instead of installed."""

import fcntl
import os
import re
import shutil
import subprocess

CACHE = os.environ.get("RENEWD_TEST_CACHE", "/var/cache/renewd-tests")
MIRROR = os.environ.get("RENEWD_TEST_MIRROR", "http://deb.debian.org/debian")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# The release that has this version; what sid has changes with the days.
RELEASES = {"2.4": "bookworm", "2.6": "trixie", "2.10": "sid"}
PROGRAMS = ("pebble", "pebble-challtestsrv")


class Unavailable(Exception):
    """This version cannot be had, and why."""


def number(version):
    """Something that compares: "2.10" is later than "2.6"."""
    return tuple(int(part) for part in version.split("."))


def program(name, version=None):
    """The path of pebble or pebble-challtestsrv; without a version that of the machine's own package."""
    return os.path.join(unpack(version), "usr/bin", name) if version else name


def unpack(version):
    """Fetches the package once, and returns the directory it is unpacked in."""
    directory = os.path.join(CACHE, "pebble", version)
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    # Several tests begin at once; one of them fetches.
    with open(directory + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(directory):
            _fetch(version, directory)
    return directory


def _fetch(version, directory):
    scratch = directory + ".new"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        apt = _Apt(RELEASES[version], os.path.join(scratch, "apt"))
        offered = apt.candidate("pebble")
        if not re.match(re.escape(version) + r"([.+~-]|$)", offered):
            raise Unavailable(f"{apt.release} has pebble {offered}, not {version}")
        package = apt.download("pebble", scratch)
        tree = os.path.join(scratch, "tree")
        _run("dpkg", "-x", package, tree)
        for name in PROGRAMS:
            _check_it_runs(os.path.join(tree, "usr/bin", name))
        os.rename(tree, directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_it_runs(path):
    """A libc that is too old for it says so here and not in the middle of a case."""
    done = subprocess.run([path, "-help"], capture_output=True, text=True, timeout=20)
    if "Usage" not in done.stdout + done.stderr:
        raise Unavailable(f"{path} does not run here: {(done.stdout + done.stderr).strip()}")


def _run(*argv, cwd=None):
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, errors="replace", timeout=300)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(argv[:1])}: {done.stderr.strip()[-500:]}")
    return done.stdout


class _Apt:
    """apt for one release in a directory of its own, so that the machine's sources and lists stay as they are."""

    def __init__(self, release, directory):
        self.release = release
        for sub in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(directory, sub), exist_ok=True)
        sources, status = os.path.join(directory, "sources.list"), os.path.join(directory, "state/status")
        with open(sources, "w") as f:
            f.write(f"deb [signed-by={KEYRING}] {MIRROR} {release} main\n")
        with open(status, "w"):
            pass
        self.options = [f"-o{key}={value}" for key, value in {
            "Dir::Etc::SourceList": sources, "Dir::Etc::SourceParts": "/dev/null", "Dir::State": os.path.join(directory, "state"),
            "Dir::State::status": status, "Dir::Cache": os.path.join(directory, "cache"), "Acquire::Languages": "none",
            "Acquire::Retries": "2", "Acquire::http::Timeout": "30", "APT::Sandbox::User": "root",
            # A mirror that lags a week behind still has what is wanted.
            "Acquire::Check-Valid-Until": "false"}.items()]
        _run("apt-get", "-q", *self.options, "-oAPT::Update::Error-Mode=any", "update")

    def candidate(self, package):
        found = re.search(r"Candidate: (\S+)", _run("apt-cache", *self.options, "policy", package))
        if not found:
            raise Unavailable(f"{self.release} has no package {package}")
        return found.group(1)

    def download(self, package, directory):
        _run("apt-get", "-q", *self.options, "download", package, cwd=directory)
        return next(os.path.join(directory, f) for f in os.listdir(directory) if f.endswith(".deb"))
