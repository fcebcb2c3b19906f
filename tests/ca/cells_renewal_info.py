"""W-21 and W-22: renewal information, and predecessors that the CA does not want named. None of it may keep a renewal away."""

import fault_http as fh
import fault_json as fj
import fault_transport as ft
from behaviour import After, edit, fields, refuse
from cell import Cell
from clock import DAY, HOUR
from judge import renewed
from message import problem
from orders import stamp
from script import Rule, Script

YEAR = 365 * DAY


def _offer(begin, end, **more):
    """The CA suggests this window, in seconds from now."""
    def setup(machine, authority):
        now = authority.clock.now()
        authority.renewal_info = {"suggestedWindow": {"start": stamp(now + begin), "end": stamp(now + end)}, **more}
    return setup


def _cell(tag, title, rule, setup=_offer(-2 * HOUR, 2 * HOUR), **more):
    return Cell(tag, title, lambda: Script(*([rule] if rule else [])), renewed(orders=1, check=_asked, **more), setup=setup, horizon=25 * DAY)


def _asked(machine, authority, run):
    assert authority.count("renewalInfo") > 0, "nobody asked for renewal information"


def _guarded(machine, authority, run):
    _asked(machine, authority, run)
    assert authority.count("newOrder") <= 3, "the issuance guard does not hold (S-08)"


def _rule(behaviour, times=1 << 30):
    return Rule("renewalInfo", behaviour, 1, times)


def answers():
    for status in (400, 403, 404, 405, 429, 500, 503):
        yield _cell("W-21", f"renewalInfo answers {status}", _rule(refuse("malformed" if status < 500 else "serverInternal", status)))
    for title, behaviour in (("no octet comes back", ft.stall()), ("reset", ft.reset_before()), ("a page of HTML", fh.page(200)),
                             ("3 MiB of JSON", ft.huge_body()), ("a redirect in a loop", fh.redirect(302, "loop")), ("204", fh.empty(204))):
        yield _cell("W-21", f"renewalInfo: {title}", _rule(behaviour))
    for name in fj.SYNTAX:
        yield _cell("W-21", f"renewalInfo: {name}", _rule(fj.syntax(name)))
    for how in ("null", "wrong type", "missing"):
        for path in ("suggestedWindow", "suggestedWindow.start", "suggestedWindow.end"):
            yield _cell("W-21", f"renewalInfo: {how} '{path}'", _rule(fj.set_member(path, how)))
    for value in ("0", "1", "31536000", "soon", "-5"):
        yield _cell("W-21", f"renewalInfo: Retry-After '{value}'", _rule(fields(lambda r, v=value: r.set("Retry-After", v))))
    yield _cell("W-21", "renewalInfo: start is no date", _rule(edit(lambda o: o["suggestedWindow"].update(start="next week"))))


def windows():
    for title, begin, end in (("open now", -HOUR, HOUR), ("wholly past", -2 * HOUR, -HOUR), ("of one second", 60, 61), ("ends before it begins", HOUR, -HOUR),
                              ("empty", HOUR, HOUR), ("before the certificate", -YEAR, -YEAR + HOUR), ("after the certificate", YEAR, 2 * YEAR),
                              ("ten years long", -5 * YEAR, 5 * YEAR), ("in three days", 3 * DAY, 4 * DAY), ("at the very end", 28 * DAY, 29 * DAY)):
        cell = _cell("W-21", f"a window {title}", None, setup=_offer(begin, end))
        if title in ("wholly past", "of one second"):  # it holds for the new certificate as well, and is obeyed (T-08)
            cell.expect.orders, cell.expect.check, cell.settles = None, _guarded, False
        yield cell
    yield _cell("W-21", "a window that moves at every poll", _rule(_moving()), setup=_offer(0, 1))
    yield _cell("W-21", "an explanation with control characters", None,
                setup=_offer(-HOUR, HOUR, explanationURL="https://ca.example/\x1b[31m\r\nrenewd: all is well"))
    yield _cell("W-21", "an explanation that is no URL", None, setup=_offer(-HOUR, HOUR, explanationURL="javascript:alert(1)"))
    yield _cell("W-21", "an explanation of 64 KiB", None, setup=_offer(-HOUR, HOUR, explanationURL="https://ca.example/" + "x" * 65536))


def _moving():
    """Always in two days."""
    def after(ex, response):
        now = ex.authority.clock.now()
        return response.set_json({"suggestedWindow": {"start": stamp(now + 2 * DAY), "end": stamp(now + 3 * DAY)}})
    return After(after)


def predecessors():
    for status, kind in ((409, "alreadyReplaced"), (409, "malformed"), (404, "malformed"), (403, "unauthorized"), (401, "unauthorized"),
                         (500, "serverInternal"), (400, "malformed")):
        cell = _cell("W-22", f"replaces answered by {status} {kind}", Rule("newOrder", _unless_plain(status, kind)))
        cell.expect.orders, cell.expect.check = 2, _named
        yield cell


def _unless_plain(status, kind):
    def after(ex, response):
        if not (ex.seen.payload or {}).get("replaces"):
            return response
        return ex.authority.finish(ex, problem(kind, "not that one", status))
    return After(after)


def _named(machine, authority, run):
    named = [bool((s.payload or {}).get("replaces")) for s in authority.seen if s.step == "newOrder"]
    assert named == [True, False], f"replaces in the orders: {named}"


def cells():
    for group in (answers, windows, predecessors):
        yield from group()
