"""tests/run: builds renewd, runs the suites, and counts."""

import argparse
import concurrent.futures
import contextlib
import fcntl
import functools
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time

import acme_columns
import build
import coverage

TESTS = os.path.join(build.CHECKOUT, "tests")
CACHE = os.environ.get("RENEWD_TEST_CACHE", "/var/cache/renewd-tests")
SUITES = ("unit", "sim", "walk", "ca", "e2e", "acme", "services", "system")
BOOTED = ("services", "system")
ENGINE_UID, SIGNER_UID = 64701, 64702
WALKS, WALKS_FULL = 300, 10000
LONG_SEC = 60  # a file that takes longer says so
LONGEST = ("e2e kill-helper-writes", "e2e deploy", "e2e account", "e2e kill-import", "e2e kill-engine-writes", "e2e keys",
           "services product-centova", "system lifetime", "services product-xivo", "services servers-exim",
           "services servers-postfix", "services product-dw", "system hooks", "system cut", "system crash")
ENGINES = 10  # of e2e at the same time: they wait more than they work
MACHINES = 5  # booted at the same time: so do they
TESTED = ("-Dsystemd=disabled", "-Dtests=false", "-Dman=false", "-Dbash-completion-dir=no", f"-Dengine-user={ENGINE_UID}",
          f"-Dsigner-user={SIGNER_UID}", "-Dview-group=0")


class Report:
    """Prints each result as it comes, and counts."""

    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.lock = threading.Lock()

    def ok(self, name):
        with self.lock:
            self.passed += 1
            print(f"ok {name}", flush=True)

    def not_ok(self, name, words=""):
        with self.lock:
            self.failed += 1
            for line in words.splitlines():
                print(f"# {line}" if not line.startswith("#") else line)
            print(f"not ok {name}", flush=True)

    def skip(self, name, why):
        with self.lock:
            self.skipped += 1
            print(f"skip {name}: {why}", flush=True)

    @contextlib.contextmanager
    def case(self, name):
        """The body is one test: what it raises makes it fail."""
        try:
            yield
        except (AssertionError, OSError, ValueError, build.BuildFailed, subprocess.SubprocessError) as problem:
            self.not_ok(name, str(problem))
        else:
            self.ok(name)


class Place:
    """Where builds of this checkout are: below the cache, so that the checkout stays as it is."""

    def __init__(self):
        digest = hashlib.sha256(build.CHECKOUT.encode()).hexdigest()[:8]
        self.directory = os.path.join(CACHE, f"{os.path.basename(build.CHECKOUT)}-{digest}")
        self.prefix = self.path("prefix")
        self.installing, self.installed = threading.Lock(), False
        os.makedirs(self.directory, exist_ok=True)
        os.chmod(CACHE, 0o755)
        os.chmod(self.directory, 0o755)

    def path(self, name):
        return os.path.join(self.directory, name)

    def lock(self):
        descriptor = os.open(self.path("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("# another tests/run works on this checkout: waiting", flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor


def sources(suffixes=(".c", ".h")):
    for room in ("base", "acme", "config", "systemd", "probe", "daemon", "signer", "hooks", "ctl", "tests"):
        for parent, _, files in sorted(os.walk(os.path.join(build.CHECKOUT, room))):
            for file in sorted(files):
                if file.endswith(suffixes):
                    yield os.path.join(parent, file)


# -- what is checked without running renewd ----------------------------------------------------------


def check_includes(report):
    done = subprocess.run([os.path.join(TESTS, "check-includes"), build.CHECKOUT], capture_output=True, text=True)
    with report.case("check: no file includes upward"):
        assert done.returncode == 0, done.stdout


def check_shell(report):
    with report.case("check: shell scripts parse"):
        for name in ("demo", ".ci/run", "tests/run", "tests/bench/idle", "tests/system/make-root", "tests/lib/packages.sh",
                     "hooks/dns/rfc2136", "hooks/dns/acme-dns", "hooks/dns/acme-sh",
                     "hooks/services/xivo.setup", "hooks/services/mediaserver.setup",
                     "hooks/services/centovacast.setup"):
            done = subprocess.run(["bash", "-n", os.path.join(build.CHECKOUT, name)], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr


def check_format(report):
    """Only version 14 judges: others lay the same options out a little differently."""
    for program in ("clang-format-14", "clang-format"):
        version = shutil.which(program) and subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        if version and "version 14." in version:
            break
    else:
        print("# no clang-format 14: the layout is not checked", flush=True)
        return
    done = subprocess.run([program, "--dry-run", "--Werror", "--ferror-limit=1", *sources()], capture_output=True, text=True)
    with report.case("check: clang-format has nothing to change"):
        wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "clang-format-violations" in line})
        assert done.returncode == 0, "clang-format -i " + " ".join(os.path.relpath(p, build.CHECKOUT) for p in wrong)



def long_functions(path, limit=60):
    """Functions over the limit: (first line, lines). The layout is clang-format's, so a body ends with a '}' in column 0."""
    with open(path) as f:
        lines = f.read().splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if line.endswith("{") and start is None and re.match(r"^[A-Za-z_][^=]*\($|^[A-Za-z_][^=]*\).*\{$", line):
            start = number
        elif start is None and re.match(r"^\s{8,}[^=;]*\) \{$", line) and not line.lstrip().startswith(("if", "for", "while")):
            start = number
        elif line == "}" and start is not None:
            if number - start > limit:
                yield start, number - start
            start = None


def show_lengths():
    """For information: what is longer than the style of this house wants."""
    for path in sources():
        name = os.path.relpath(path, build.CHECKOUT)
        if name.startswith("tests/"):
            continue
        with open(path) as f:
            count = sum(1 for _ in f)
        if count > (450 if path.endswith(".c") else 150):
            print(f"# long file: {name} has {count} lines")
        for line, length in long_functions(path):
            print(f"# long function: {name}:{line} has {length} lines")


# -- suites ------------------------------------------------------------------------------------------


def run_program(report, name, argv, only, timeout, env=None, seen=None):
    """Runs a test program that prints "ok NAME" and "not ok NAME" lines, and passes them on."""
    child = subprocess.Popen(argv + ([only] if only else []), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", stdin=subprocess.DEVNULL, env=env, cwd=build.CHECKOUT, start_new_session=True)
    began = time.monotonic()
    timer = threading.Timer(timeout, lambda: os.killpg(child.pid, 9))
    timer.start()
    failures, words = 0, []
    for line in child.stdout:
        line = line.rstrip("\n")
        if line.startswith("ok "):
            report.ok(f"{name}: {line[3:]}")
        elif line.startswith("not ok "):
            failures += 1
            report.not_ok(f"{name}: {line[7:]}", "\n".join(words))
        elif line.startswith("skip "):
            case, _, why = line[5:].rpartition(" -- ")
            report.skip(f"{name}: {case or why}", why if case else "as it says")
        elif line.startswith("# measured: "):
            print(f"# {name}: {line[12:]}", flush=True)
        if line.startswith(("ok ", "not ok ", "skip ")):
            words = []
        else:
            words.append(line)
    status = child.wait()
    timer.cancel()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, 9)
    if status != 0 and not failures:
        report.not_ok(f"{name}: exit {status}", "\n".join(words[-40:] + [f"repeat: {shlex.join(argv)}"]))
    if time.monotonic() - began > LONG_SEC:
        print(f"# {name}: {time.monotonic() - began:.0f} s", flush=True)


def run_meson_tests(report, directory, suite, only, full):
    done = subprocess.run(["meson", "introspect", "--tests", directory], capture_output=True, text=True, check=True)
    tests = [t for t in json.loads(done.stdout) if any(s.split(":")[-1] == suite for s in t["suite"])]
    if not tests:
        report.not_ok(f"{suite}: there are no tests")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for test in tests:
            env = {**os.environ, **test["env"], "ASAN_OPTIONS": "detect_leaks=1", "RENEWD_TEST_FULL": "1" if full else ""}
            pool.submit(run_program, report, f"{suite} {test['name']}", test["cmd"], only, 1800 if full else 300, env)


def suite_unit(report, place, options):
    check_includes(report)
    check_shell(report)
    check_format(report)
    show_lengths()
    with report.case("build: gcc without a warning"):
        build.build(place.path("build-gcc"), ["-Dwerror=true"], "gcc", build.EVERYTHING)
    with report.case("build: clang without a warning"):
        build.build(place.path("build-clang"), ["-Dwerror=true"], "clang", build.EVERYTHING)
    run_meson_tests(report, place.path("build-gcc"), "unit", options.only, options.full)
    if options.full:
        with report.case("build: with the sanitizers"):
            build.build(place.path("build-asan"), ["-Db_sanitize=address,undefined", "-Db_lundef=false"], "gcc",
                        build.EVERYTHING)
            run_meson_tests(report, place.path("build-asan"), "unit", options.only, options.full)


def suite_sim(report, place, options):
    with report.case("build: sim"):
        build.build(place.path("build-gcc"), ["-Dwerror=true"], "gcc", build.EVERYTHING)
    run_meson_tests(report, place.path("build-gcc"), "sim", options.only, options.full)


def suite_walk(report, place, options):
    """Random walks under the sanitizers, in as many processes as there are processors."""
    directory = place.path("build-asan")
    with report.case("build: walk"):
        build.build(directory, ["-Db_sanitize=address,undefined", "-Db_lundef=false"], "gcc", ["tests/walk/walk"])
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    # The short form walks the same ways each time, so that it judges the change; --full looks for new ones.
    width, seed = 2, int(time.time()) * 100000 if options.full else 1000
    each = (WALKS_FULL if options.full else WALKS) // width
    with concurrent.futures.ThreadPoolExecutor(width) as pool:
        for i in range(width):
            argv = [os.path.join(directory, "tests/walk/walk"), "--seed", str(seed + i * each), "--count", str(each)]
            pool.submit(run_program, report, "walk", argv, None, 7200 if options.full else 600, env)


def install_for_tests(place):
    """An installation below the cache with numeric users, so that rights are separated and no user is made. Once in a run:
    the programs are in use from then on."""
    directory = place.path("build-e2e")
    with place.installing:
        if not place.installed:
            build.build(directory, ["-Dwerror=true", f"-Dprefix={place.prefix}", *TESTED], "gcc")
            build.install(directory)
        place.installed = True


def run_python_tests(report, suites, place, options, width):
    """The files of these suites, `width` of them at the same time, the longest first."""
    env = python_environment(place, options)
    files = []
    for suite in suites:
        for file in sorted(glob.glob(os.path.join(TESTS, suite, "test_*.py"))):
            name = os.path.basename(file).removeprefix("test_").removesuffix(".py").replace("_", "-")
            files.append((f"{suite} {name}", file))
    files.sort(key=lambda f: LONGEST.index(f[0]) if f[0] in LONGEST else len(LONGEST))
    with concurrent.futures.ThreadPoolExecutor(width) as pool:
        for name, file in files:
            pool.submit(run_program, report, name, [sys.executable, "-B", file], options.only, 1800, env)


def python_environment(place, options):
    return {**os.environ, "PYTHONPATH": os.path.join(TESTS, "lib"), "RENEWD_TEST_CACHE": CACHE, "RENEWD_TEST_PLACE": place.directory,
            "RENEWD_TEST_PREFIX": place.prefix, "RENEWD_TEST_FULL": "1" if options.full else ""}


def suite_e2e(report, place, options):
    if os.geteuid() != 0:
        report.skip("e2e", "needs root")
        return
    with report.case("build: e2e"):
        install_for_tests(place)
    run_python_tests(report, ["e2e"], place, options, ENGINES)


def suite_acme(report, place, options):
    if os.geteuid() != 0:
        report.skip("acme", "needs root")
        return
    with report.case("build: e2e"):
        install_for_tests(place)
    files = glob.glob(os.path.join(TESTS, "acme", "test_*.py"))
    with concurrent.futures.ThreadPoolExecutor(acme_columns.WIDTH) as pool:
        for name, file, env in acme_columns.programs(report, files, options.pebble, options.full):
            pool.submit(run_program, report, name, [sys.executable, "-B", file], options.only, 1800,
                        {**python_environment(place, options), **env})


def suite_ca(report, place, options):
    """Debian's Python, whose packages speak HTTP/2; an engine with the sanitizers, and the helpers of the installation."""
    if os.geteuid() != 0:
        report.skip("ca", "needs root")
        return
    directory, library = place.path("build-ca"), place.path("leap.so")
    with report.case("build: ca"):
        install_for_tests(place)
        build.build(directory, ["-Db_sanitize=address,undefined", "-Db_lundef=false", *TESTED, f"-Dprefix={place.prefix}"], "gcc",
                    ["daemon/renewd"])
        subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", library,
                        os.path.join(TESTS, "fault/leap.c")], check=True)
    argv = ["/usr/bin/python3", "-B", os.path.join(TESTS, "ca/run.py"), os.path.join(directory, "daemon/renewd"), place.prefix, library,
            os.path.join(place.directory, "run-ca")]
    os.makedirs(argv[-1], 0o755, exist_ok=True)
    run_program(report, "ca", argv, options.only, 1800, python_environment(place, options))


def suite_booted(suites, report, place, options):
    """What needs a booted machine: renewd's own, those of the products, as many as the servers' conflicts ask for."""
    if os.geteuid() != 0:
        for suite in suites:
            report.skip(suite, "needs root")
        return
    run_python_tests(report, suites, place, options, MACHINES)


def suite_coverage(report, place, options):
    directory = place.path("build-coverage")
    with report.case("build: coverage"):
        build.build(directory, ["-Db_coverage=true", "-Doptimization=0", "-Dsystemd=disabled"], "gcc", build.EVERYTHING)
    coverage.clear(directory)
    run_meson_tests(report, directory, "unit", None, False)
    run_meson_tests(report, directory, "sim", None, False)
    with report.case("coverage: at least 85 % of the lines of base, acme and the pure files of daemon"):
        total = coverage.show(directory, build.CHECKOUT)
        assert total >= 85.0, f"only {total:.1f} %"


def parse(argv):
    parser = argparse.ArgumentParser(prog="tests/run", description="Builds renewd and runs its tests.")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="unit, sim, walk, ca, e2e, services, acme, system (default: all)")
    parser.add_argument("--full", action="store_true", help="the long form of suites that have one")
    parser.add_argument("--coverage", action="store_true", help="show the test coverage of unit and sim")
    parser.add_argument("--build-only", action="store_true", help="build, and stop")
    parser.add_argument("--only", metavar="TEXT", help="only cases whose name contains this")
    parser.add_argument("--pebble", metavar="VERSION", help="acme on this version of Pebble only")
    options = parser.parse_args(argv)
    for suite in options.suites:
        if suite not in SUITES:
            parser.error(f"no suite '{suite}': there are {', '.join(SUITES)}")
    return options


def build_only(report, place):
    with report.case("build: gcc without a warning"):
        build.build(place.path("build-gcc"), ["-Dwerror=true"], "gcc", build.EVERYTHING)
    with report.case("build: e2e"):
        install_for_tests(place)


def run_lane(lane, report, place, options):
    for names, suite in lane:
        began = time.monotonic()
        print(f"# {names}", flush=True)
        suite(report, place, options)
        print(f"# {names}: {time.monotonic() - began:.0f} s", flush=True)


def run_suites(report, place, options):
    """Stage by stage; of a stage the lanes side by side, since most suites wait more than they work."""
    wanted = options.suites or SUITES
    booted = [suite for suite in BOOTED if suite in wanted]
    stages = (
        ([("unit", suite_unit)],),
        ([("sim", suite_sim), ("walk", suite_walk), ("ca", suite_ca)], [("e2e", suite_e2e), ("acme", suite_acme)]),
    )
    for stage in stages:
        lanes = [[(name, suite) for name, suite in lane if name in wanted] for lane in stage]
        with concurrent.futures.ThreadPoolExecutor(len(lanes)) as pool:
            for lane in [pool.submit(run_lane, lane, report, place, options) for lane in lanes]:
                lane.result()
    if booted:
        run_lane([(" and ".join(booted), functools.partial(suite_booted, booted))], report, place, options)


def main(argv):
    options = parse(argv)
    place, report = Place(), Report()
    lock = place.lock()
    began = time.monotonic()
    if options.build_only:
        build_only(report, place)
    elif options.coverage:
        suite_coverage(report, place, options)
    else:
        run_suites(report, place, options)
    os.close(lock)
    print(f"# {time.monotonic() - began:.0f} s")
    print(f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped", flush=True)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
