"""Debian packages unpacked below the cache, for what is in them; nothing is installed."""

import fcntl
import glob
import os
import shutil
import subprocess


def unpack(cache, name):
    """The directory that the package is unpacked in; downloaded once."""
    directory = os.path.join(cache, "debs", name)
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    with open(directory + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(directory):
            scratch = directory + ".new"
            shutil.rmtree(scratch, ignore_errors=True)
            os.makedirs(scratch)
            subprocess.run(["apt-get", "-q", "download", name], cwd=scratch, check=True, capture_output=True)
            deb = glob.glob(os.path.join(scratch, "*.deb"))[0]
            subprocess.run(["dpkg", "-x", deb, scratch], check=True, capture_output=True)
            os.remove(deb)
            os.rename(scratch, directory)
    return directory
