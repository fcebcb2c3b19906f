"""Calendar expressions (S6.5) against systemd's own reading of them: compare-calendar.py PROGRAM [TEXT].

PROGRAM is test-calendar. Fixed expressions and such that are made from a seed, each with several base times in two zones; in
autumn's hour that comes twice systemd takes whichever the C library guesses, so no base time lies there. What is not made are
the two accidents that calendar-parse.c names."""

import calendar
import os
import random
import re
import shutil
import subprocess
import sys
import time

SEED, MADE, STEPS = 20270103, 260, 4
ZONES = ("UTC", "CET-1CEST,M3.5.0,M10.5.0/3")
BASES = ("2027-01-01 00:00:00", "2027-03-27 20:00:00", "2028-02-28 23:59:59", "2099-12-31 12:34:56")
SHORTHANDS = ("minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "annually", "yearly", "anually")
FIXED = SHORTHANDS + tuple("""
Sun 03:00|Mon..Fri 22:00|Sat,Sun 4:30|Mon,|monday..FRI 3:0|Mon-Wed 3:0|Mon..Mon 3:0|Sun *-*-1..7 03:00|Sun  *-*-1..7  03:00|*-*~1
*-*~1..7|*-*~7/1|*-*~6/5|*-*~3..9/4|*-2~28|02-29|Sun 02-29 5:00|*-02-30|27-1-1|99-1-1|69-1-1|70..75-1-1|2027/2-1-1|5..7/3:00|5..6/9:00
0..23:00|1..1/5:00|20/3:00|0/23:00|3:0:1..5/2|3:*:0/20|*:*:*|*-1/11-1|*-1..5/12-1|0003:00|3,5,3/2:00|hourly UTC|Sun 3:00 UTC|Sun UTC
*-*|*-*-*|Sun *-*-*|2199-12-31|00..05:30|*-*-* 02:30|*-*-* *:0/15|Mon *-05~07/1
Mon..|Mon..Wed..Fri|Sat..Mon|Mo|Mon3:00|,Mon|Mon,,Tue|1|*|24:00|3:60|3:0:60|*-0-1|*-13-1|*-1-32|2200-1-1|1969-1-1|100-1-1|5/0:00
20/5:00|23/1:00|5..4:00|*-*~7..1|*-2~29|*-*~1..29|*-*~1/5|*,3:00|3:+5|3:-5|2:3:4:5|Tue Mon|2026-01-01T03:00|10-10 5|0/24:00|1970/230-1-1|*/5:00
""".replace("\n", "|").strip("|").split("|"))


def one(chance, low, high):
    start = chance.randint(low, high + (chance.random() < 0.02))
    kind = chance.random()
    if kind < 0.7:
        return str(start)
    if kind < 0.85:
        return f"{start}..{min(high, start + chance.randint(0, 6))}"
    return f"{start}..{min(high, start + chance.randint(1, 9))}/{chance.randint(1, 4)}"


def member(chance, low, high):
    """One part of a date or time; now and then a wrong one."""
    if chance.random() < 0.25:
        return "*"
    even = [n for n in range(2, high) if (high + 1) % n == 0]
    if low == 0 and chance.random() < 0.15:  # of other repetitions systemd skips the first of the next round
        step = chance.choice(even)
        return f"{chance.randrange(min(step, high - step + 1))}/{step}"
    return ",".join(one(chance, low, high) for _ in range(chance.choice((1, 1, 1, 2, 3))))


def made(chance):
    words, days = [], ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    if chance.random() < 0.5:
        words.append(chance.choice((",", "..")).join(chance.sample(days, 2)) if chance.random() < 0.5 else chance.choice(days))
    if chance.random() < 0.6:
        year = "" if chance.random() < 0.3 else chance.choice(("*-", "*-", "*-", member(chance, 2027, 2040) + "-"))
        backwards = chance.random() < 0.3
        words.append(f"{year}{member(chance, 1, 12)}{'~' if backwards else '-'}{member(chance, 1, 22 if backwards else 31)}")
    if chance.random() < 0.85 or not words:
        words.append(member(chance, 0, 23) + ":" + member(chance, 0, 59) + ("" if chance.random() < 0.7 else ":" + member(chance, 0, 59)))
    if chance.random() < 0.1:
        words.append("UTC")
    return " ".join(words)


def expected(texts, base, zone):
    """What systemd says of each: "refused", "never", or its next instants; None where it gives up."""
    done = subprocess.run(["systemd-analyze", "calendar", f"--base-time={base} UTC", f"--iterations={STEPS}", *texts], text=True,
                          capture_output=True, env={**os.environ, "TZ": zone, "LC_ALL": "C"})
    refused = set(re.findall(r"^Failed to parse calendar specification '(.*)':", done.stderr, re.M))
    given_up = set(re.findall(r"^Failed to determine next elapse for '(.*)':", done.stderr, re.M))  # after 1000 steps
    blocks = iter(done.stdout.split("Normalized form:")[1:])
    label = "Next elapse|Iter. #[0-9]+" if zone == "UTC" else r"\(in UTC\)"
    for text in texts:
        found = [] if text in refused | given_up else re.findall(rf"(?:{label}): \w+ ([0-9: -]+) UTC", next(blocks))
        instants = " ".join(str(calendar.timegm(time.strptime(when, "%Y-%m-%d %H:%M:%S"))) for when in found)
        yield "refused" if text in refused else None if text in given_up else instants or "never"
    assert next(blocks, None) is None


def compare(program, texts, base, zone):
    seconds = calendar.timegm(time.strptime(base, "%Y-%m-%d %H:%M:%S"))
    done = subprocess.run([program, "--next", str(seconds), str(STEPS)], input="".join(t + "\n" for t in texts), text=True,
                          capture_output=True, env={**os.environ, "TZ": zone}, check=True)
    wrong, refused = 0, 0
    for text, got, wanted in zip(texts, done.stdout.splitlines(), expected(texts, base, zone), strict=True):
        refused += wanted == "refused"
        if wanted is not None and got.strip() != wanted:
            wrong += 1
            print(f"# '{text}' after {base} in {zone}: {got.strip()}, systemd says {wanted}")
    return wrong, refused


def main(program):
    if not shutil.which("systemd-analyze"):
        print("skip S6.5 calendar expressions as systemd reads them -- there is no systemd-analyze")
        return 0
    chance = random.Random(SEED)
    texts = list(dict.fromkeys((*FIXED, *(made(chance) for _ in range(MADE)))))
    wrong = refused = 0
    for i, base in enumerate(BASES):
        more = compare(program, texts, base, ZONES[i % len(ZONES)])
        wrong, refused = wrong + more[0], max(refused, more[1])
    print(f"# measured: {len(texts)} expressions ({refused} refused) with {len(BASES)} base times, {STEPS} steps each; {wrong} differ")
    name = "S6.5 calendar expressions as systemd reads them"
    print(f"ok {name}" if wrong == 0 and len(texts) >= 200 else f"not ok {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
