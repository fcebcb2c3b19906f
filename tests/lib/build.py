"""Builds and installs renewd outside the checkout."""

import os
import re
import subprocess

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


EVERYTHING = ("all", "test-programs")


class BuildFailed(Exception):
    """The compiler's words."""


def _run(argv, env=None):
    done = subprocess.run(argv, cwd=CHECKOUT, env=env, text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        lines = done.stdout.splitlines()
        wanted = [line for line in lines if re.search(r"(error|warning|ERROR):", line)] or lines
        raise BuildFailed(f"{' '.join(argv)}\n" + "\n".join(wanted[-40:]))
    return done.stdout


def build(directory, options=(), compiler=None, targets=()):
    """Brings the build directory up to date: the targets, or what is installed."""
    env = {**os.environ, **({"CC": compiler} if compiler else {})}
    argv = ["meson", "setup", *options, directory, CHECKOUT]
    if os.path.exists(os.path.join(directory, "build.ninja")):
        argv.insert(2, "--reconfigure")
    elif os.path.exists(os.path.join(directory, "meson-private")):
        argv.insert(2, "--wipe")
    _run(argv, env)
    _run(["ninja", "-C", directory, "-j", str(os.cpu_count() or 1), *targets], env)


def install(directory):
    _run(["meson", "install", "--no-rebuild", "--quiet", "-C", directory])
