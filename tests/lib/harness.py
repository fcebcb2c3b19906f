"""Test cases on real programs: one scratch directory, CA and name server per file, one line of output per case."""

import os
import shutil
import sys
import traceback
import unittest

import webserver
from ca import Names, Pebble
from process import free_port
from renewd import Installation, Renewd

PLACE = os.environ.get("RENEWD_TEST_PLACE", "/var/cache/renewd-tests/alone")
CACHE = os.environ.get("RENEWD_TEST_CACHE", "/var/cache/renewd-tests")
PREFIX = os.environ.get("RENEWD_TEST_PREFIX", os.path.join(PLACE, "prefix"))
FULL = bool(os.environ.get("RENEWD_TEST_FULL"))
ENGINE_UID, SIGNER_UID = 64701, 64702

HOOK_TARGET = """\
[Deploy web]
File=fullchain {cert}
File=key {key}
Hook={hook}
Probe=127.0.0.1:{port}
"""


def scratch_directory(*names):
    """An empty directory that every user may pass."""
    path = os.path.join(PLACE, "run", *names)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path, 0o755)
    return path


class Case(unittest.TestCase):
    """Cases that share a Pebble; each has its own renewd. Class attributes say what Pebble is like."""

    pebble_options = {}
    pebble_version = None
    scratch_suffix = ""
    wanted_http_port = None  # for cases in a network of their own
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        os.umask(0o022)
        program = os.path.basename(sys.argv[0]).removesuffix(".py")
        cls.base = scratch_directory(f"{program}-{cls.__name__}{cls.scratch_suffix}")
        cls.nginx_package = webserver.unpack(os.path.join(CACHE, "nginx-package"))
        cls.names = Names(cls.base, cls.pebble_version)
        cls.http_port = cls.wanted_http_port or free_port()
        cls.tls_port = free_port()
        options = {"version": cls.pebble_version, "tls_port": cls.tls_port, **cls.pebble_options}
        cls.pebble = Pebble(os.path.join(cls.base, "pebble"), cls.names, cls.http_port, **options)

    @classmethod
    def tearDownClass(cls):
        cls.pebble.stop()
        cls.names.stop()

    def setUp(self):
        self.directory = os.path.join(self.base, self._testMethodName)
        os.makedirs(self.directory, exist_ok=True)
        self.installation = Installation(PREFIX, engine_uid=ENGINE_UID, signer_uid=SIGNER_UID)
        self.renewd = self.new_renewd()

    def new_renewd(self):
        renewd = Renewd(self.installation, self.directory)
        self.addCleanup(renewd.forget_sockets)
        self.addCleanup(renewd.stop)
        return renewd

    def configure(self, listen=None, more="", url=None, ca_more=""):
        """A renewd at this Pebble; it answers HTTP-01 itself unless told otherwise."""
        self.renewd.configure(listen=f"127.0.0.1:{self.http_port}" if listen is None else listen, more=more)
        self.renewd.authority(url or self.pebble.directory_url, self.pebble.tls_ca, more=ca_more)

    def nginx(self, name, http="", start=True):
        server = webserver.Nginx(self.nginx_package, os.path.join(self.directory, "nginx"), free_port(), name, http)
        self.addCleanup(server.stop)
        if start:
            server.start()
        return server

    def target(self, server, more=""):
        """The section that brings a certificate into this nginx."""
        hook = server.write_hook(os.path.join(self.directory, "reload-nginx"))
        return HOOK_TARGET.format(cert=server.cert, key=server.key, hook=hook, port=server.port) + more


class Result(unittest.TestResult):
    """ok and not ok, as the C tests print it."""

    def _name(self, test):
        return (test.shortDescription() or str(test)).strip()

    def _fail(self, test, error, part=""):
        for line in "".join(traceback.format_exception(*error)).splitlines():
            print(f"# {line}")
        if isinstance(test, Case) and getattr(test, "renewd", None):
            for line in test.renewd.tail(30).splitlines():
                print(f"# renewd: {line}")
        if isinstance(test, unittest.TestCase):
            suite = os.path.basename(os.path.dirname(os.path.realpath(sys.argv[0])))
            print(f"# repeat: sudo tests/run {suite} --only '{self._name(test)}'")
        print(f"not ok {self._name(test)}{part}", flush=True)

    def addSuccess(self, test):
        print(f"ok {self._name(test)}", flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is None:
            print(f"ok {self._name(test)} {subtest._subDescription()}", flush=True)
        else:
            self._fail(test, err, f" {subtest._subDescription()}")

    def addSkip(self, test, reason):
        print(f"skip {self._name(test)} -- {reason}", flush=True)


def _select(suite, wanted):
    """The suite without what is not wanted; a class that has nothing left does not set up."""
    chosen = unittest.TestSuite()
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            chosen.addTest(_select(item, wanted))
        elif wanted(item):
            chosen.addTest(item)
    return chosen


def _each(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _each(item)
        else:
            yield item


def main(applies=lambda test: True, skip=None):
    """Runs the cases of the program that are meant for it; with `skip`, only says of each that it is skipped, and why."""
    text = sys.argv[1] if len(sys.argv) > 1 else ""
    suite = _select(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]),
                    lambda test: applies(test) and (text in (test.shortDescription() or "") or text in str(test)))
    result = Result()
    if skip:
        for test in _each(suite):
            result.addSkip(test, skip)
        return
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
