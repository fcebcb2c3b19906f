"""W-13 to W-16, W-23: orders, authorizations, challenges, finalize."""

import fault_http as fh
import fault_order as fo
from behaviour import edit, fields, refuse
from cell import Cell
from clock import DAY
from judge import HOUR, PARKED, VALIDATION, either, failed, renewed
from script import STEPS, Rule, Script

EVER = 1 << 30


def _cell(tag, title, step, behaviour, expect, times=EVER, first=1, **more):
    return Cell(tag, f"{title} at {step}", lambda: Script(Rule(step, behaviour, first, times)), expect, fresh=step == "newAccount", **more)


def orders():
    for status, words in (("pending", "does not become ready|did not validate"), ("ready", "stays ready|orderNotReady"), ("processing", "did not issue"),
                          ("unheard-of", "unknown status"), ("", "unknown status")):
        yield _cell("W-13", f"shown as '{status}' for ever", "order", fo.order_status(status), failed(("order", "later"), words))
    for status, times in (("pending", 3), ("ready", 2), ("processing", 5), ("unheard-of", 2)):
        yield _cell("W-13", f"shown as '{status}' {times} times", "order", fo.order_status(status), renewed(), times=times)
    for status in ("deactivated", "expired", "revoked"):
        yield _cell("W-13", f"shown as '{status}'", "order", fo.order_status(status), failed("order", status))
    flapping = [Rule("order", fo.order_status("processing" if n % 2 else "ready"), n, 1) for n in range(2, 6)]
    yield Cell("W-13", "flapping between processing and ready", lambda: Script(*flapping), either("order", "stays ready"))
    for error in ("caa", "unauthorized", "rateLimited", "serverInternal", "dns", "rejectedIdentifier", "badCSR"):
        yield _cell("W-13", f"invalid by {error}", "order", fo.dead(error), failed(("order", "park"), error, gap=(54, 86400)), times=1)
    yield _cell("W-13", "invalid without a reason", "order", fo.order_status("invalid"), failed("order", "no reason|invalid"))
    for when, value, expect in (("in the past", "2001-01-01T00:00:00Z", failed("order", "expires too soon")),
                                ("in the year 9999", "9999-12-31T23:59:59Z", renewed()), ("garbage", "tomorrow", either("later", "sense")),
                                ("with nanoseconds", "2035-01-01T00:00:00.123456789+02:00", renewed())):
        yield Cell("W-13", f"expires {when}", lambda v=value: Script(Rule("newOrder", edit(lambda o, v=v: o.update(expires=v))),
                                                                    Rule("order", edit(lambda o, v=v: o.update(expires=v)))), expect)
    for title, change, expect in (
            ("changed", lambda i: [{"type": "dns", "value": "evil.example.org"}], failed("order", "other names")),
            ("reordered", lambda i: i[::-1], renewed()),
            ("in upper case", lambda i: [{**x, "value": x["value"].upper()} for x in i], renewed()),
            ("doubled", lambda i: i + i, renewed()),
            ("one less", lambda i: i[:1], failed("order", "other names")),
            ("one more", lambda i: i + [{"type": "dns", "value": "c.example.org"}], failed("order", "other names")),
            ("of an unknown type", lambda i: [{**x, "type": "onion"} for x in i], renewed())):
        yield _cell("W-13", f"identifiers {title}", "newOrder", fo.identifiers(change), expect)
    yield _cell("W-13", "an existing order is returned with 200", "newOrder", fo.existing_order(), renewed())
    yield _cell("W-13", "zero authorizations", "newOrder", fo.authorizations(lambda a: []), either(("order", "later"), "."))
    yield _cell("W-13", "the same authorization twice", "newOrder", fo.authorizations(lambda a: a + a), renewed())
    yield _cell("W-13", "an authorization that is not there", "newOrder", fo.authorizations(lambda a: a + [a[0] + "9"]),
                failed("order", "authorization"))
    yield _cell("W-13", "200 authorizations", "newOrder", fo.authorizations(lambda a: [a[0] + str(n) for n in range(200)]), renewed())
    yield _cell("W-05", "10000 authorizations", "newOrder", fo.authorizations(lambda a: [a[0] + str(n) for n in range(10000)]),
                renewed())
    yield _cell("W-13", "unknown members", "order", edit(lambda o: o.update(profile=None, replaces=17, notBefore={})), renewed())


def authorizations():
    for status in ("invalid", "deactivated", "expired", "revoked"):
        yield _cell("W-13", f"{status} at once", "authorization", fo.authorization_status(status), failed("order", status + "|no reason|not validate"),
                    times=1)
    yield _cell("W-13", "valid at once", "authorization", fo.authorization_status("valid"), renewed(), times=1)
    yield _cell("W-13", "shown as 'unheard-of' for ever", "authorization", edit(lambda a: a.update(status="unheard-of")),
                failed("later", "unknown status"))
    yield _cell("W-13", "it is for the parent domain", "authorization", edit(lambda a: a["identifier"].update(value="example.org")),
                failed(("order", "later"), "not ordered|could not validate", gap=(54, DAY)))
    for name in ("evil.example.org", "org", "\x1b[31mred.example.org"):
        shown = name.replace("\x1b", "ESC")
        yield _cell("W-13", f"it is for {shown}", "authorization", edit(lambda a, n=name: a["identifier"].update(value=n)),
                    failed(("order", "later"), "not ordered|makes no sense"))
    yield _cell("W-13", "it is a wildcard", "authorization", edit(lambda a: a.update(wildcard=True)), failed(("order", "park"), "."))
    yield _cell("W-13", "in upper case", "authorization", edit(lambda a: a["identifier"].update(value=a["identifier"]["value"].upper())),
                renewed())


def _unsupported(found):
    return [{"type": "carrier-pigeon-01", "url": c["url"], "token": c.get("token", "x"), "status": "pending"} for c in found]


def _many(found):
    return [{"type": f"unknown-{n:02}", "url": found[-1]["url"], "status": "pending"} for n in range(1000)] + found


def challenges():
    none = failed(("park", "order"), r"challenge|offers", gap=(54, 86400))
    yield _cell("W-14", "none that is supported", "authorization", fo.challenges(_unsupported), none)
    yield _cell("W-14", "an empty list", "authorization", fo.challenges(lambda c: []), none)
    yield _cell("W-14", "unknown types first", "authorization", fo.challenges(lambda c: _unsupported(c) + c), renewed())
    yield _cell("W-05", "1000 challenges", "authorization", fo.challenges(_many), either(("later", "park", "order"), "."))
    for title, token in (("too short", "abc"), ("with ..", "AAAAAAAAAAAAAAAAAAAAAAAA/../../../etc"), ("of 10 KiB", "A" * 10240), ("empty", ""),
                         ("with ESC", "AAAAAAAAAAAAAAAAAAAAAAAA\x1b[31m"), ("with a newline", "AAAAAAAAAAAAAAAAAAAAAAAAAA\nX: y"),
                         ("with a dot", "AAAAAAAAAAAAAAAAAAAAAAAAAA.pem")):
        yield _cell("W-14", f"a token {title}", "authorization", fo.ours(lambda c, t=token: c.update(token=t)), none)
    yield _cell("W-14", "valid without a list of challenges", "authorization", edit(lambda a: a.pop("challenges") and None if a["status"] == "valid"
                                                                                   else None), renewed())
    yield _cell("W-14", "answered with the authorization", "challenge", fo.authorization_for_answer(), renewed())
    yield _cell("W-14", "answered with nothing", "challenge", fo.empty_answer(), renewed())
    yield _cell("W-14", "answered with 400 although validation runs", "challenge", fo.refused_though_running(), renewed())
    yield _cell("W-14", "answered with 400 for ever, and nothing runs", "challenge", refuse("malformed", 400, "no"),
                failed(("bug", "order"), "malformed|challenge"))
    yield _cell("W-14", "answered with 404", "challenge", refuse("malformed", 404, "gone"), failed("order", "gone|malformed"))
    error = {"type": fo.URN + "connection", "detail": "not yet", "status": 400}
    yield _cell("W-14", "pending with an error, then valid", "challenge", edit(lambda c: c.update(status="pending", error=error)), renewed(), times=2)
    yield _cell("W-14", "pending with an error for ever", "challenge", edit(lambda c: c.update(status="pending", error=error)),
                either("order", "connection"))
    yield _cell("W-14", "processing with an error, then valid", "challenge", edit(lambda c: c.update(status="processing", error=error)), renewed())
    for kind in ("connection", "dns", "tls", "unauthorized", "incorrectResponse", "serverInternal", "malformed"):
        yield Cell("W-14", f"validation fails by {kind}", lambda k=kind: Script(Rule("validation", fo.invalid_by(k))),
                   failed(("order", "bug"), kind, gap=VALIDATION if kind != "malformed" else None))
    yield Cell("W-14", "validation fails by caa", lambda: Script(Rule("validation", fo.invalid_by("caa"))),
               failed("park", "caa", gap=(0.9 * HOUR, DAY)))
    yield Cell("W-14", "validation fails by rejectedIdentifier", lambda: Script(Rule("validation", fo.invalid_by("rejectedIdentifier"))),
               failed("park", "rejectedIdentifier", gap=PARKED))
    yield Cell("W-14", "validation fails by an unknown type", lambda: Script(Rule("validation", fo.invalid_by("https://ca.example/oops"))),
               failed("order", ".", gap=VALIDATION))
    yield Cell("W-14", "validation fails with ESC in the reason",
               lambda: Script(Rule("validation", fo.invalid_by("dns", "bad \x1b]0;owned\x07 name\r\nrenewd: all is well"))),
               failed("order", "dns", gap=VALIDATION))
    yield Cell("W-05", "validation fails with 64 KiB of reason", lambda: Script(Rule("validation", fo.invalid_by("dns", "x" * 65536))),
               failed("order", "dns", gap=VALIDATION))
    yield Cell("W-14", "validation never ends", lambda: Script(Rule("validation", fo.never())), failed("order", "did not validate"))


def finalizing():
    yield _cell("W-15", "orderNotReady although ready, once", "finalize", refuse("orderNotReady", 403), renewed(), times=1)
    yield _cell("W-15", "orderNotReady for ever", "finalize", refuse("orderNotReady", 403), failed("order", "orderNotReady|stays ready"))
    yield _cell("W-15", "500 although issued", "finalize", fo.server_error_though_issued(), renewed(orders=1))
    yield _cell("W-15", "500 for ever, not issued", "finalize", refuse("serverInternal", 500), failed(("later", "order"), "serverInternal|stays ready"))
    yield _cell("W-15", "500 once, not issued", "finalize", refuse("serverInternal", 500), renewed(orders=1), times=1)
    yield _cell("W-15", "badCSR once", "finalize", refuse("badCSR", 400), either(("park", "retry", "order", "later"), "badCSR"), times=1)
    yield _cell("W-15", "badCSR for ever", "finalize", refuse("badCSR", 400), failed(("park", "retry", "later", "order"), "badCSR"))
    yield _cell("W-15", "unauthorized for ever", "finalize", refuse("unauthorized", 403), failed("order", "unauthorized"))
    yield _cell("W-15", "badPublicKey", "finalize", refuse("badPublicKey", 400), failed("park", "badPublicKey", gap=PARKED))
    yield _cell("W-15", "rejectedIdentifier", "finalize", refuse("rejectedIdentifier", 403), failed("park", "rejectedIdentifier", gap=PARKED))
    yield _cell("W-15", "rateLimited until a date", "finalize",
                refuse("rateLimited", 429, "too many", retry_after=4 * HOUR), failed("later", "rateLimited", gap=(4 * HOUR, 6 * HOUR)))
    compound = [{"type": fo.URN + "caa", "detail": "no", "identifier": {"type": "dns", "value": "b.example.org"}}]
    yield _cell("W-15", "compound with a sub-problem", "newOrder", refuse("compound", 403, "several", subproblems=compound),
                failed("park", "."))
    yield _cell("W-15", "finalize URL changes", "order", edit(lambda o: o.update(finalize=o["finalize"] + "?again=1")), renewed())


def limits():
    for step in STEPS[3:]:
        lagging = step in ("authorization", "challenge", "order", "certificate")
        yield _cell("W-16", "404 twice", step, fo.lag(), renewed() if lagging else failed(("later", "order", "bug"), "malformed|404"), times=2)
    in_order = ("authorization", "challenge", "order", "finalize", "certificate")
    for step in ("directory", "newAccount", "newOrder", *in_order):
        for status, kind in ((429, "rateLimited"), (503, "serverInternal")):
            once = renewed() if step in in_order else failed("later", kind, gap=(54, 2 * HOUR))
            if status == 429:  # without Retry-After: perhaps a pause (W-23)
                once = failed(("later", "park"), kind, gap=(0.9 * HOUR, DAY))
            if step == "directory":
                once = either(("later", "park"), kind, gap=(54, DAY))
            # S-07; and the name whose challenge was taken is not shown any more when it is looked at
            tries = 2 if step == "newAccount" or (step == "challenge" and status == 429) else 1
            yield _cell("W-16", f"{status} once", step, refuse(kind, status), once, times=1, heals=tries)
            yield _cell("W-16", f"{status} for ever with Retry-After", step, refuse(kind, status, retry_after=9000),
                        failed("later", kind, gap=(9000, 9000 + 4 * HOUR)))
    for step in ("newOrder", "finalize", "order"):
        late = ("order", "later") if step == "finalize" else "later"
        yield _cell("W-16", "429 for ever", step, refuse("rateLimited", 429),
                    failed(("order", "later", "park"), "rateLimited", gap=(0.9 * HOUR, DAY)))
        yield _cell("W-16", "503 for ever", step, refuse("serverInternal", 503), failed(late, "serverInternal"))
    pause = "your account is temporarily prevented from requesting certificates for a.example.org; visit https://ca.example/unpause?jwt=" + "e" * 600
    yield _cell("W-23", "paused: 429 without Retry-After and a long link", "newOrder", refuse("rateLimited", 429, pause),
                failed(("later", "park"), r"https://ca\.example/unpause", gap=(0.9 * HOUR, DAY)))


def refusals():
    for kind, status, classes, gap in (("caa", 403, "park", (0.9 * HOUR, DAY)), ("rejectedIdentifier", 400, "park", PARKED),
                                       ("unsupportedIdentifier", 400, "park", PARKED), ("unauthorized", 403, "park", PARKED),
                                       ("malformed", 400, "bug", None), ("serverInternal", 500, "later", None), ("dns", 400, "order", None),
                                       ("badSignatureAlgorithm", 400, "park", PARKED), ("badPublicKey", 400, "park", PARKED),
                                       ("invalidProfile", 400, "park", PARKED)):
        yield _cell("Q", f"{kind}", "newOrder", refuse(kind, status, "no, thank you"), failed(classes, kind, gap=gap))
    for status, classes in ((400, "bug"), (401, "park"), (403, "park"), (404, "later"), (405, "later"), (409, "later"), (413, "bug"), (418, "later"),
                            (500, "later"), (502, "later"), (504, "later"), (599, "later")):
        yield _cell("Q-03", f"{status} with nothing", "newOrder", fh.empty(status), failed(classes, f"{status}"))
    yield _cell("Q-02", "a type of another namespace", "newOrder", refuse("urn:smallstep:acme:error:odd", 403, "no"), failed("park", "no"))
    yield _cell("Q-02", "the old namespace", "newOrder", refuse("urn:acme:error:rejectedIdentifier", 400, "no"), failed("park", "rejected"))
    for title, detail in (("ESC", "a \x1b[2J\x1b[1;1H b"), ("lines of its own", "a\nrenewd: certificate issued\r\nb"), ("64 KiB", "x" * 65536),
                          ("direction marks", "a \u202e\u2066 b"), ("format characters", "%s%s%n%n%100000d")):
        yield _cell("W-05", f"a reason with {title}", "newOrder", refuse("rejectedIdentifier", 400, detail), failed("park", "rejectedIdentifier"))
    yield _cell("Q-10", "a Link to help", "newOrder", _with_help(), failed(("later", "park"), "rateLimited"))


def _with_help():
    def change(r):
        r.status = 429
        r.set("Content-Type", "application/problem+json").add("Link", '<https://ca.example/limits>;rel="help"')
        r.set_json({"type": fo.URN + "rateLimited", "detail": "too many"})
    return fields(change)


def cells():
    for group in (orders, authorizations, challenges, finalizing, limits, refusals):
        yield from group()
