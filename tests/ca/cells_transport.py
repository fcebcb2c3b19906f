"""W-01 to W-07: the way to the CA."""

import fault_http2 as f2
import fault_tls as ft
import fault_transport as f
from cell import Cell
from judge import either, failed, renewed
from script import STEPS, Rule, Script

LOST = r"cannot be reached|could not be reached|no nonce"
ORDER_STEPS = ("authorization", "challenge", "order", "finalize", "certificate")


def _script(step, behaviour, times=1, first=1, protocol="h2"):
    return lambda: Script(Rule(step, behaviour, first, times), protocol=protocol)


def _cell(tag, title, step, behaviour, expect, times=1, first=1, protocol="h2", **more):
    if step == "directory" and times == 1 and expect.renewed is False:
        expect = either(expect.classes, expect.cause)  # the first look is that of the renewal information
    return Cell(tag, f"{title} at {step}", _script(step, behaviour, times, first, protocol), expect, fresh=step == "newAccount", **more)


def lost():
    """W-01 at each step. What was lost before the order costs no attempt; what is lost in it is asked for again."""
    for step in STEPS:
        gentle = either("unreachable", LOST)
        yield _cell("W-01", "reset before the request was read", step, f.reset_before(), gentle)
        yield _cell("W-01", "answer lost", step, f.reset_after(), gentle)
        in_order = step in ORDER_STEPS
        outage = renewed() if in_order else failed("unreachable", LOST)
        yield _cell("W-01", "refused for a minute from", step, f.refuse_connections(60), outage)
        yield _cell("W-01", "no octet comes back", step, f.stall(), outage)
    for step in ("newOrder", "finalize", "challenge"):
        yield _cell("W-01", "carried out, no octet comes back", step, f.stall_after(),
                    renewed() if step != "newOrder" else failed("unreachable", LOST))
    for step in STEPS:
        yield _cell("W-01", "half of the answer, then reset", step, f.reset_at(0.5), either("unreachable", LOST), protocol="http/1.1")
    yield _cell("W-01", "half close without an answer", "newOrder", f.half_close(), either("unreachable", LOST), protocol="http/1.1")
    yield _cell("W-01", "refused for two hours from", "authorization", f.refuse_connections(7200), renewed())
    yield _cell("W-01", "refused for two hours from", "certificate", f.refuse_connections(7200), renewed())


def handshakes():
    down = failed("unreachable", LOST + "|SSL|TLS|certificate")
    for title, behaviour in (("reset on accept", f.reset_on_accept()), ("stalled handshake", f.handshake_stall()),
                             ("fatal alert", f.handshake_alert()), ("no TLS at all", f.handshake_garbage()),
                             ("certificate of an unknown CA", ft.unknown_authority()), ("expired certificate", ft.expired()),
                             ("certificate for another name", ft.wrong_name()), ("TLS 1.1 only", ft.old_version())):
        yield Cell("W-02", title, _script("connect", behaviour, times=1 << 30), down)
    for title, behaviour in (("reset on accept", f.reset_on_accept()), ("certificate of an unknown CA", ft.unknown_authority())):
        yield Cell("W-02", f"{title}, once", _script("connect", behaviour), either("unreachable", LOST + "|SSL|TLS|certificate"))
    for step in ("directory", "newOrder", "order", "certificate"):
        expect = renewed() if step in ORDER_STEPS else failed("unreachable", LOST)
        yield _cell("W-02", "closed in the body without close_notify", step, f.cut_body(), expect, protocol="http/1.1")


def _at_once(machine, authority, run):
    steps = [s.step for s in authority.seen]
    asked = [s.at for s in authority.seen[steps.index("newOrder"):len(steps) - steps[::-1].index("certificate")]]
    gap = max(later - sooner for sooner, later in zip(asked, asked[1:]))
    assert gap < 25, f"{gap:.0f} s: what a dead connection lost was waited for (A-08)"


def http2():
    for step in ("nonce", "newOrder", "order", "finalize", "certificate"):
        at_once = renewed(check=_at_once) if step != "nonce" else either("unreachable", LOST)  # its connection is new
        yield _cell("W-03", "GOAWAY that excludes us", step, f2.goaway(False), at_once)
        yield _cell("W-03", "GOAWAY that includes us", step, f2.goaway(True), at_once)
        yield _cell("W-03", "REFUSED_STREAM", step, f2.reset_stream(f2.REFUSED), at_once)
        yield _cell("W-03", "INTERNAL_ERROR on the stream", step, f2.reset_stream(f2.INTERNAL), at_once)
    yield _cell("W-03", "ENHANCE_YOUR_CALM", "order", f2.reset_stream(f2.ENHANCE), renewed())
    yield _cell("W-03", "GOAWAY, then the answer", "newOrder", f2.goaway_then_answer(), renewed())
    yield _cell("W-03", "SETTINGS flood", "order", f2.settings_flood(), either("unreachable", LOST))
    yield _cell("W-03", "a frame too large", "order", f2.garbage_frame(), renewed())
    for step in ("directory", "newOrder", "finalize"):
        yield _cell("W-03", "closed behind the answer", step, f2.close_between(), either("unreachable", LOST))
        yield _cell("W-03", "HTTP/1.1 Connection: close", step, f.connection_close(), renewed(), times=1 << 30, protocol="http/1.1")
        yield _cell("W-03", "keep-alive closed without a word", step, f.silent_close(), renewed(), times=1 << 30, protocol="http/1.1")
    yield _cell("W-03", "HTTP/1.0", "newOrder", f.http10(), renewed(), times=1 << 30, protocol="http/1.1")


def slow():
    for part in ("status line", "header", "body"):
        yield _cell("W-04", f"an octet per five seconds of the {part}", "directory", f.slow(part), failed(("unreachable", "later"), LOST + "|no JSON"),
                    protocol="http/1.1")
    yield _cell("W-04", "an octet per five seconds of the body", "order", f.slow("body"), renewed(), protocol="http/1.1")
    yield _cell("W-04", "endless header", "directory", f.endless_headers(), failed("unreachable", LOST), protocol="http/1.1")
    yield _cell("W-04", "endless header", "order", f.endless_headers(), renewed(), protocol="http/1.1")
    yield _cell("W-04", "only 100 Continue", "newOrder", f.only_continue(), failed("unreachable", LOST), protocol="http/1.1")
    yield _cell("W-04", "fifty times 100 Continue", "newOrder", f.many_continues(), renewed(), times=1 << 30, protocol="http/1.1")
    yield _cell("W-04", "chunked without end", "directory", f.chunked_endless(), failed("unreachable", LOST + "|1 MiB"),
                protocol="http/1.1")
    yield _cell("W-04", "chunked without last chunk", "order", f.chunked_cut(), renewed(), protocol="http/1.1")
    yield _cell("W-04", "chunked garbage", "order", f.chunked_garbage(), renewed(), protocol="http/1.1")
    yield _cell("W-04", "good answers in chunks of seven", "newOrder", f.chunked_good(), renewed(), times=1 << 30, protocol="http/1.1")
    yield _cell("W-04", "no status line", "directory", f.no_status_line(), failed("unreachable", LOST), protocol="http/1.1")


def sizes():
    large = failed("unreachable", r"larger than 1 MiB|cannot be reached")
    for step in ("directory", "newOrder"):
        yield _cell("W-05", "3 MiB of JSON", step, f.huge_body(), large, times=1 << 30)
        yield _cell("W-05", "1 MiB of one header field", step, f.huge_header(), large, times=1 << 30, protocol="http/1.1")
    yield _cell("W-05", "3 MiB of JSON once", "order", f.huge_body(), renewed())
    yield _cell("W-05", "3 MiB of JSON once", "certificate", f.huge_body(), renewed())
    yield _cell("W-05", "gzip bomb", "directory", f.gzip_bomb(), failed(("unreachable", "later"), r"makes no sense|cannot be reached"),
                times=1 << 30)
    yield _cell("W-05", "Content-Length too long by 100", "directory", f.length_lie(100), failed("unreachable", LOST), protocol="http/1.1",
                times=1 << 30)
    yield _cell("W-05", "Content-Length too long by 100, once", "order", f.length_lie(100), renewed(), protocol="http/1.1")
    yield _cell("W-05", "Content-Length too short by 20", "directory", f.length_lie(-20),
                failed(("unreachable", "later"), r"makes no sense|cannot be reached"), protocol="http/1.1", times=1 << 30)
    yield _cell("W-05", "Content-Length too short by 20, once", "order", f.length_lie(-20), renewed(), protocol="http/1.1")


def cells():
    for group in (lost, handshakes, http2, slow, sizes):
        yield from group()


