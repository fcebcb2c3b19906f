"""W-06 to W-10, W-24: answers that are not what is due."""

import fault_http as fh
import fault_json as fj
from behaviour import Before, edit, plain, refuse
from cell import Cell
from judge import PARKED, either, failed, renewed
from message import problem
from script import Rule, Script

NONSENSE = r"makes no sense|cannot be read|not an ACME answer|usable Location"
EVER = 1 << 30
# Steps whose answer must be understood, and those where what became of the request can be asked for: newOrder has named the
# order's URL, and authorization and order tell the rest.
NEEDED = ("directory", "authorization", "order")
HINTS = ("newOrder", "challenge", "finalize")


def _cell(tag, title, step, behaviour, expect, times=EVER, first=1, **more):
    return Cell(tag, f"{title} at {step}", lambda: Script(Rule(step, behaviour, first, times)), expect, fresh=step == "newAccount", **more)


def syntax():
    tolerated = {"NUL": ("authorization", "order", "newOrder", "directory"), "number 1e999": NEEDED, "duplicate key": ()}
    for name in fj.SYNTAX:
        for step in NEEDED:
            expect = failed("later", NONSENSE)
            if step in tolerated.get(name, ()):
                expect = either("later", NONSENSE)
            yield _cell("W-08", f"{name}", step, fj.syntax(name), expect)
        for step in HINTS:
            yield _cell("W-08", f"{name}", step, fj.syntax(name), renewed())
    for name in ("empty body", "truncated JSON", "BOM"):
        for step in ("authorization", "order"):
            yield _cell("W-08", f"{name}, once,", step, fj.syntax(name), renewed(), times=1)


# Object → members that must be there, members that need not.
MEMBERS = {
    "directory": (("newNonce", "newAccount", "newOrder"), ("revokeCert", "keyChange", "meta", "meta.termsOfService", "meta.website")),
    "order": (("status", "identifiers", "finalize"), ("expires",)),
    "authorization": (("identifier", "identifier.value", "status"), ("expires", "challenges.0", "challenges.1.type", "challenges.1.url")),
}
OURS = ("challenges.2.type", "challenges.2.url", "challenges.2.token", "challenges.2.status")


def members():
    for how in ("null", "wrong type", "missing"):
        for step, (needed, free) in MEMBERS.items():
            for path in needed:
                yield _cell("W-08", f"{how} '{path}'", step, fj.set_member(path, how), failed(("later", "order"), NONSENSE + "|other names"))
            for path in free:
                yield _cell("W-08", f"{how} '{path}'", step, fj.set_member(path, how), either("later", NONSENSE))
        for path in OURS:
            expect = either(("park", "later", "order"), r"challenge|" + NONSENSE)
            yield _cell("W-08", f"{how} '{path}'", "authorization", fj.set_member(path, how), expect)
        yield _cell("W-08", f"{how} 'certificate'", "order", fj.set_member("certificate", how), failed("order", r"names no certificate|" + NONSENSE)
                    if how != "wrong type" else failed(("later", "order"), NONSENSE))
        for path in ("status", "identifiers", "authorizations", "finalize", "expires"):
            yield _cell("W-08", f"{how} '{path}'", "newOrder", fj.set_member(path, how), renewed())
        for path in ("status", "identifiers", "finalize"):
            yield _cell("W-08", f"{how} '{path}'", "finalize", fj.set_member(path, how), renewed())


def pages():
    for status in (200, 403, 502):
        classes = {200: "later", 403: "park", 502: "later"}[status]
        gap = PARKED if status == 403 else None
        for step in ("directory", "newOrder", "authorization"):
            yield _cell("W-09", f"a page of HTML with {status}", step, fh.page(status), failed(classes, NONSENSE + "|refuse", gap=gap))
    yield _cell("W-09", "a page of HTML with 200", "newAccount", fh.page(200), failed("later", NONSENSE + "|account URL"))
    yield _cell("W-09", "a page of HTML with 403", "newAccount", fh.page(403), failed("park", NONSENSE, gap=PARKED))
    yield _cell("W-09", "a page of HTML with 502, once,", "order", fh.page(502), renewed(), times=1)
    yield _cell("W-09", "a page of HTML with 502, once,", "certificate", fh.page(502), renewed(), times=1)
    for step in ("authorization", "order"):
        wrong = plain(200, problem("serverInternal", "oops").body, "application/problem+json")
        yield _cell("W-09", "a problem with status 200", step, wrong, failed("later", NONSENSE + "|oops"))


def types():
    for value in ("text/plain", "application/json; charset=utf-8", None):
        for step in ("directory", "newOrder", "order"):
            yield _cell("W-09", f"content type {value}", step, fh.kind(value), renewed())
    for value in ("application/octet-stream", "application/x-pem-file", None):
        yield _cell("W-09", f"content type {value}", "certificate", fh.kind(value), renewed())
    charset = refuse("rejectedIdentifier", 400, "no")
    yield _cell("W-09", "application/problem+json; charset=utf-8", "newOrder", _with_charset(charset),
                failed("park", "rejectedIdentifier", gap=PARKED))
    for step in ("newOrder", "finalize", "challenge"):
        yield _cell("W-09", "202 for the due status", step, fh.status(202), renewed())
        yield _cell("W-09", "204 without a body", step, fh.empty(204),
                    failed("later", NONSENSE) if step == "newOrder" else either(("later", "order"), "."), times=1)


def _with_charset(behaviour):
    def before(ex):
        return behaviour.before(ex).set("Content-Type", "application/problem+json; charset=utf-8")
    return Before(before)


def redirects():
    for hops, expect in ((1, renewed()), (3, renewed()), (5, failed("unreachable", r"redirect|cannot be reached"))):
        for step in ("directory", "nonce"):
            yield _cell("W-06", f"{hops} redirects of a GET", step, fh.redirect(302, "on", hops), expect)
    yield _cell("W-06", "redirects in a loop", "directory", fh.redirect(301, "loop"), failed("unreachable", r"redirect|cannot be reached"))
    yield _cell("W-06", "redirect to http", "directory", fh.redirect(301, "http://127.0.0.1:1/dir"),
                failed("unreachable", r"[Pp]rotocol|cannot be reached"))
    yield _cell("W-06", "redirect to another host", "directory", fh.redirect(301, "https://127.0.0.2:1/dir"),
                failed("unreachable", "cannot be reached"))
    for code in (301, 302, 303, 307, 308):
        yield _cell("W-06", f"{code} on a POST", "newOrder", fh.redirect(code, "https://127.0.0.1:1/x"),
                    failed("later", rf"HTTP {code}"))
    yield _cell("W-06", "307 on a POST, once,", "order", fh.redirect(307, "on"), renewed(), times=1)


def urls():
    for value in ("file:///etc/passwd", "http://127.0.0.1/x", "https://10.0.0.1/x", "https://user@127.0.0.1/x", "https://[::1", "",
                  "https://127.0.0.1:1/" + "x" * 3000, "https://127.0.0.1/\x1b[31m"):
        shown = value[:24].replace("\x1b", "ESC") or "empty"
        yield _cell("W-07", f"newOrder is '{shown}'", "directory", fh.member_url("newOrder", value), failed("later", NONSENSE))
    for value in ("file:///etc/passwd", "https://10.0.0.1/x", "http://127.0.0.1/x"):
        yield _cell("W-07", f"certificate is '{value}'", "order", edit(lambda o, v=value: o.update(certificate=v) if "certificate" in o else None),
                    failed(("later", "order"), NONSENSE))
        yield _cell("W-07", f"finalize is '{value}'", "newOrder", fh.member_url("finalize", value), renewed())
        yield _cell("W-07", f"an authorization is '{value}'", "newOrder", fh.member_url("authorizations", [value]), renewed())


def locations():
    bad = failed("later", "usable")
    for step in ("newOrder", "newAccount"):
        yield _cell("W-10", "no Location", step, fh.location(lambda good: None), bad)
        yield _cell("W-10", "a Location of another origin", step, fh.location(lambda good: "https://10.0.0.1/order/1"), bad)
        yield _cell("W-10", "a Location with control characters", step, fh.location(lambda good: good + "\x1b[31m"), failed(
            ("later", "unreachable"), r"usable|cannot be reached"))
        yield _cell("W-10", "a Location of 4000 octets", step, fh.location(lambda good: good + "x" * 4000), bad)
        yield _cell("W-10", "a relative Location", step, fh.location(lambda good: "/" + good.split("/", 3)[3]), renewed())
        yield _cell("W-10", "two Locations", step, fh.two_locations(), renewed())
    yield _cell("W-10", "no Location", "finalize", fh.location(lambda good: None), renewed())
    yield _cell("W-10", "another Location each time", "order", fh.location(lambda good: good + "0"), renewed())
    yield _cell("W-10", "another Location", "finalize", fh.location(lambda good: good + "0"), renewed())


def directories():
    for name in ("newNonce", "newAccount", "newOrder"):
        yield _cell("W-24", f"'{name}' is gone since the last run", "directory", edit(lambda o, n=name: o.pop(n) and None),
                    failed("later", NONSENSE))
    yield _cell("W-24", "meta is gone since the last run", "directory", edit(lambda o: o.pop("meta") and None), renewed())
    yield _cell("W-24", "renewalInfo has come since the last run", "directory",
                edit(lambda o: o.update(renewalInfo=o["newOrder"].replace("new-order", "ari"))), renewed())
    yield _cell("W-24", "new terms of service since the last run", "directory",
                edit(lambda o: o["meta"].update(termsOfService="https://ca.example/terms-2")), renewed())
    yield _cell("W-24", "an external account is wanted, ours is known", "directory",
                edit(lambda o: o["meta"].update(externalAccountRequired=True)), renewed())
    yield _cell("W-24", "profiles have come", "directory", edit(lambda o: o["meta"].update(profiles={"x": "y"})), renewed())
    yield _cell("W-24", "thousand unknown members", "directory", edit(lambda o: o.update({f"x{i}": {"y": [i]} for i in range(1000)})),
                renewed())


def cells():
    for group in (syntax, members, pages, types, redirects, urls, locations, directories):
        yield from group()
