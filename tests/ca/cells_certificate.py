"""W-17 and W-18: what the CA hands out."""

import fault_certificate as fc
from behaviour import fields, plain
from cell import Cell
from clock import DAY, HOUR
from judge import either, failed, renewed
from script import Rule, Script

USELESS = r"cannot be used|empty certificate|too large"


def leaves():
    for title, behaviour, words in (
            ("for another key", fc.other_key(), "another key"),
            ("a name is missing", fc.names(lambda n: n[:1]), "lacks a name"),
            ("a wildcard for the names", fc.names(lambda n: ["*.example.org"]), "lacks a name"),
            ("for other names", fc.names(lambda n: ["x.example.net"]), "lacks a name"),
            ("expired", fc.dates(-90 * DAY, -DAY), "expired|ends"),
            ("not valid for a day", fc.dates(DAY, 80 * DAY), "not valid yet"),
            ("lives for five minutes more", fc.dates(-HOUR, 300), "about to expire"),
            ("CA:TRUE", fc.authority(), "CA|authority"),
            ("for clients only", fc.client_only(), "server")):
        yield Cell("W-17", title, lambda b=behaviour: Script(Rule("issue", b)), failed("order", words))
    yield Cell("W-17", "not valid for half an hour", lambda: Script(Rule("issue", fc.dates(1800, 80 * DAY))), renewed())
    yield Cell("W-17", "an extra name", lambda: Script(Rule("issue", fc.names(lambda n: [*n, "www.example.org"]))),
               renewed(check=lambda machine, authority, run: _told(run, "added names that were not asked for: 'www.example.org'")))
    yield Cell("W-17", "names in upper case", lambda: Script(Rule("issue", fc.names(lambda n: [x.upper() for x in n]))), renewed())
    yield Cell("W-17", "ends before the present one", lambda: Script(Rule("issue", fc.dates(-HOUR, 5 * DAY))), either(("order", "later"), USELESS))


BAD = ("empty body", "no certificate", "garbage DER", "broken base64", "cut in the middle", "a private key in it", "11 certificates",
       "unrelated certificate in it", "200 KiB of text", "only the intermediate", "leaf twice")


def _told(run, words):
    assert any(words in line for line in run.lines), f"nobody says: {words}"


def chains():
    for name, shape in fc.SHAPES.items():
        if name in BAD:
            expect = either(("later", "order"), USELESS) if name in ("leaf twice", "unrelated certificate in it") else failed(
                ("later", "order"), USELESS)
        else:
            expect = renewed()
        yield Cell("W-18", f"chain: {name}", lambda s=shape: Script(Rule("certificate", fc.chain(s))), expect)
    for name in ("empty body", "garbage DER", "a private key in it"):
        yield Cell("W-18", f"chain: {name}, once", lambda s=fc.SHAPES[name]: Script(Rule("certificate", fc.chain(s), 1, 1)),
                   either(("later", "order"), USELESS))
    for title, link in (("a loop", "<{0}/cert/1>;rel=\"alternate\""), ("404", "<{0}/cert/1/alternate/9>;rel=alternate"),
                        ("another host", "<https://10.0.0.1/cert/1>;rel=\"alternate\""), ("garbage", "<<<;;rel=,,\"alternate"),
                        ("100 of them", ", ".join(f"<{{0}}/cert/{n}>;rel=\"alternate\"" for n in range(100)))):
        yield Cell("W-18", f"alternates: {title}", lambda t=link: Script(Rule("certificate", _link(t))), renewed())
    yield Cell("W-18", "an HTML page for the chain", lambda: Script(Rule("certificate", plain(200, b"<html>no</html>"))),
               failed(("later", "order"), USELESS))


def _link(text):
    return fields(lambda r: r.add("Link", text.format("https://127.0.0.1:1")))


def cells():
    yield from leaves()
    yield from chains()
