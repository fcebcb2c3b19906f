"""W-19, W-20, W-25: times, clocks, and ends at the wrong moment."""

import os
import time

from behaviour import After, Before, fields, refuse
from cell import Cell
from clock import DAY, HOUR
from fault_transport import reset_before
from judge import either, failed, renewed
from script import STEPS, Rule, Script

# Retry-After as it comes, and how long it makes us wait at least.
VALUES = {"-1": 0, "0": 0, "1.5": 0, "soon": 0, "9223372036854775808": 0, "31536000": 7 * DAY * 0.99, "1e9": 0, "0x10": 0,
          "Sun, 06 Nov 1994 08:49:37 GMT": 0, "7200, 60": 0}


def retry_after():
    for value, least in VALUES.items():
        for step, status, kind in (("newOrder", 503, "serverInternal"), ("newOrder", 429, "rateLimited")):
            low = max(least, 54)
            yield Cell("W-19", f"Retry-After '{value}' on {status} at {step}",
                       lambda v=value, s=status, k=kind, p=step: Script(Rule(p, refuse(k, s, retry_after=v))),
                       failed(("later", "park"), kind, gap=(low, max(low * 1.2, DAY))))
        yield Cell("W-19", f"Retry-After '{value}' on every poll",
                   lambda v=value: Script(*(Rule(s, fields(lambda r, v=v: r.set("Retry-After", v))) for s in ("order", "challenge", "newOrder"))), renewed())
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"):
        yield Cell("W-19", f"Retry-After as a date '{form}'", lambda f=form: Script(Rule("newOrder", _until(f, 3 * HOUR))),
                   failed("later", "rateLimited", gap=(3 * HOUR - 90, 4 * HOUR)))
    yield Cell("W-19", "two Retry-After fields", lambda: Script(Rule("newOrder", _two("600", "3600"))),
               failed("later", "rateLimited", gap=(540, 2 * HOUR)))
    yield Cell("W-19", "Retry-After of a day on a challenge that is processed",
               lambda: Script(Rule("challenge", fields(lambda r: r.set("Retry-After", "86400")))), renewed())


def _until(form, seconds):
    def before(ex):
        good = refuse("rateLimited", 429).before(ex)
        return good.set("Retry-After", time.strftime(form, time.gmtime(ex.authority.clock.now() + seconds)))
    return Before(before)


def _two(first, second):
    def before(ex):
        return refuse("rateLimited", 429).before(ex).add("Retry-After", first).add("Retry-After", second)
    return Before(before)


def _date(change):
    """Every answer's Date."""
    def after(r):
        value = change(r)
        r.drop("Date")
        if value is not None:
            r.add("Date", value)
    return lambda: Script(*(Rule(s, fields(after)) for s in STEPS))


def _skewed(seconds):
    def change(r):
        at = time.mktime(time.strptime(r.get("Date"), "%a, %d %b %Y %H:%M:%S GMT")) - time.timezone
        return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(at + seconds))
    return change


def clocks():
    yield Cell("W-20", "Date a day ahead", _date(_skewed(DAY)), renewed())
    yield Cell("W-20", "Date a day behind", _date(_skewed(-DAY)), either("unreachable", "clock", gap=(54, 2 * HOUR)))
    yield Cell("W-20", "Date ten years behind", _date(_skewed(-3650 * DAY)), either("unreachable", "clock"))
    yield Cell("W-20", "no Date", _date(lambda r: None), renewed())
    yield Cell("W-20", "a Date that is none", _date(lambda r: "yesterday, \u00e9 o'clock"), renewed())
    for title, seconds in (("an hour ahead", HOUR), ("an hour behind", -HOUR), ("a day ahead", DAY), ("a day behind", -DAY)):
        yield Cell("W-20", f"our clock jumps {title} in the order", lambda s=seconds: Script(Rule("authorization", _jump(s), 1, 1)),
                   either(("order", "later", "unreachable"), "."))


def _jump(seconds):
    return Before(lambda ex: ex.authority.clock.shift(seconds))


def ends():
    for step in STEPS:
        yield Cell("W-25", f"kill -9 when {step} is asked", lambda s=step: Script(Rule(s, _kill_before(), 1, 1)),
                   renewed(), fresh=step == "newAccount", killed=True)
    for step in ("newOrder", "finalize", "certificate"):
        yield Cell("W-25", f"kill -9 when {step} was carried out", lambda s=step: Script(Rule(s, _kill_after(), 1, 1)), renewed(), killed=True)
    yield Cell("W-25", "kill -9 while the CA validates", lambda: Script(Rule("challenge", _kill_after(), 1, 1)),
               either("order", "could not validate", gap=(54, DAY)), killed=True)
    for damage in ("", "{", "null", "[]", "{\"version\": 99, \"attempt\": 7, \"failures\": -1e400}", "\0\0\0\0", "{\"next_attempt\": 1e300}"):
        for file in ("engine/certificates/a.example.org.json", "engine/accounts/ca.json"):
            yield Cell("W-25", f"{file.split('/')[1]} file is {damage[:20]!r}", Script, renewed(), setup=_damage(file, damage))


def _kill_before():
    """Nobody gets to know of the request."""
    def before(ex):
        ex.authority.kill()
        return reset_before().before(ex)
    return Before(before)


def _kill_after():
    def after(ex, response):
        ex.authority.kill()
        return response
    return After(after)


def _damage(file, text):
    def setup(machine, authority):
        with open(os.path.join(machine.renewd.state, file), "w") as f:
            f.write(text)
    return setup


def cells():
    for group in (retry_after, clocks, ends):
        yield from group()
