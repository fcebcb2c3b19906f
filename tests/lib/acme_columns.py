"""Suite acme: every program of tests/acme on every version of Pebble, with and without refused nonces."""

import os

import pebbles

# Most cases wait for the CA or for a time to come, so that many more run at once than there are processors.
WIDTH = 16
# These take longest, so they begin first.
LONGEST = ("renewal-info", "kill", "short", "optional", "polling", "rollover", "nonces", "many")


def _name(file):
    return os.path.basename(file).removeprefix("test_").removesuffix(".py").replace("_", "-")


def _rank(file):
    name = _name(file)
    return (LONGEST.index(name) if name in LONGEST else len(LONGEST), name)


def missing(report, version, full):
    """Why the cases of this version are skipped, or None; what must not be missing is reported as a failure."""
    try:
        pebbles.unpack(version)
        return None
    except (pebbles.Unavailable, OSError) as problem:
        reason = f"Pebble {version} of {pebbles.RELEASES[version]} cannot be had: {problem}"
    if full or pebbles.RELEASES[version] != "sid":
        report.not_ok(f"acme {version}: Pebble is there", reason)
    return " ".join(reason.split())


def programs(report, files, only_version, full):
    """(name for the report, file, environment) of each run."""
    versions = [v for v in pebbles.RELEASES if only_version in (None, v)]
    absent = {version: missing(report, version, full) for version in versions}
    for file in sorted(files, key=_rank):
        for version in versions:
            for refuses in (False, True):
                env = {"RENEWD_TEST_PEBBLE": version, "RENEWD_TEST_REFUSALS": "yes" if refuses else "no"}
                if absent[version]:
                    env["RENEWD_TEST_MISSING"] = absent[version]
                yield f"acme {version}{' with refusals' if refuses else ''} {_name(file)}", file, env
