"""The engine at rest."""

import os
import subprocess
import unittest

import harness
import idle


class Idle(unittest.TestCase):
    def test_idle(self):
        """idle with one certificate: at most 12 MiB PSS, 4 MiB of it anonymous, and no wake-up in a minute"""
        environment = {**os.environ, "RENEWD_TEST_PLACE": harness.PLACE, "RENEWD_TEST_PREFIX": harness.PREFIX}
        child = idle.inside(60, environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        output = child.communicate(timeout=240)[0]
        print("".join(f"# {line}\n" for line in output.splitlines()), end="", flush=True)
        self.assertEqual(child.returncode, 0, output)


if __name__ == "__main__":
    harness.main()
