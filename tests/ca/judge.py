"""What must hold after a cell, and how a cell says what is right for it."""

import re

from cryptography import x509

CPU_MAX, TURNS_MAX, REQUESTS_MAX = 5.0, 4000, 130
DAY, HOUR, MINUTE = 86400, 3600, 60

# Seconds from the failure to the next attempt, by class (sections Q and S): the first failure of a 90-day certificate.
GAPS = {"later": (54, DAY), "order": (54, DAY), "account": (54, DAY), "bug": (54, DAY), "park": (HOUR, DAY),
        "unreachable": (27, 330), "retry": (1, DAY), "done": (1, DAY)}
VALIDATION = (12 * MINUTE, DAY)
PARKED = (0.89 * DAY, DAY)

UNIT = {"s": 1, "min": 60, "h": 3600, "day": 86400, "days": 86400, "months": 30 * DAY}


class Expect:
    """renewed: True, False or None (either is right, as a transport's own repeats decide). classes: of record and table."""

    def __init__(self, renewed, classes=(), cause=None, gap=None, requests=REQUESTS_MAX, orders=None, check=None):
        self.renewed, self.classes, self.cause, self.gap = renewed, classes, cause, gap
        self.requests, self.orders, self.check = requests, orders, check


def renewed(**more):
    return Expect(True, **more)


def failed(classes, cause, **more):
    return Expect(False, (classes,) if isinstance(classes, str) else tuple(classes), cause, **more)


def either(classes, cause, **more):
    return Expect(None, (classes,) if isinstance(classes, str) else tuple(classes), cause, **more)


def wait_of(words):
    """Seconds that "... retrying in 12 min" announces; None if it does not."""
    match = re.search(r"retrying in (?:about )?(\d+(?:\.\d+)?) (\w+)", words)
    return float(match.group(1)) * UNIT[match.group(2)] if match else None


def check_run(run):
    """True of every run, whatever happened."""
    assert not run.sanitizer(), "a sanitizer speaks: " + "; ".join(run.sanitizer()[:3])
    assert run.status in (0, 1), f"exit {run.status}"
    assert run.cpu < CPU_MAX, f"{run.cpu:.1f} s of CPU time: a busy loop?"
    assert run.turns < TURNS_MAX + max(run.ended - run.began, 0) / 10, f"{run.turns} turns of the engine's loop: a busy loop?"
    for line in run.lines:
        wrong = [c for c in line if ord(c) < 32 or 0x7F <= ord(c) < 0xA0]
        assert not wrong, f"unescaped {wrong!r} in the log: {line!r}"


def check_new_leaf(machine, authority):
    leaf = machine.leaf()
    assert leaf and leaf != machine.old, "the certificate was not renewed"
    assert leaf in authority.orders.issued, "what is live was not issued by this CA"
    names = x509.load_der_x509_certificate(leaf).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"a.example.org", "b.example.org"} <= {n.lower() for n in names.get_values_for_type(x509.DNSName)}, "a name is missing"
    machine.check_pair()


def check_old_leaf(machine):
    assert machine.leaf() == machine.old, "the old certificate is not live any more"
    machine.check_pair()


def _gap(expect, record, words, kind):
    if kind == "unreachable":
        return wait_of(words)
    return record["next_attempt"] - record["error"]["at"]


def check_failure(run, machine, expect):
    """One line that names the certificate and the cause; class and time of the next attempt."""
    lines = run.failures()
    assert len(lines) == 1, f"{len(lines)} lines say that the order failed: {lines}"
    assert re.search(expect.cause, lines[0], re.I), f"the line does not name the cause ({expect.cause}): {lines[0]}"
    record = machine.record()
    kind = (record.get("error") or {}).get("class")
    if kind is None and "unreachable" in expect.classes:
        kind = "unreachable"  # costs no attempt and no write (S-06)
    assert kind in expect.classes, f"class {kind}, not {'/'.join(expect.classes)}: {lines[0]}"
    low, high = expect.gap or GAPS[kind]
    gap = _gap(expect, record, lines[0], kind)
    assert gap is not None and low <= gap <= high, f"the next attempt in {gap} s, not within {low}...{high}: {lines[0]}"
    return gap


def check_counts(authority, expect):
    count = len(authority.seen)
    assert count <= expect.requests, f"{count} requests, at most {expect.requests}"
    if expect.orders is not None:
        made = authority.count("newOrder")
        assert made == expect.orders, f"{made} orders, not {expect.orders}"


