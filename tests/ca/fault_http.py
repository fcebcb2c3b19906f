"""Answers that are good HTTP and no good ACME (W-06, W-09, W-10), and fields that do not say what they should."""

from behaviour import After, Before, edit, fields, plain, refuse
from message import Response

PAGE = b"<html><head><title>Sign in</title></head><body>\x1b[31mPlease accept the terms of this hotel\x07</body></html>"


def page(status):
    """What a proxy or a captive portal says."""
    return plain(status, PAGE, "text/html; charset=utf-8")


def status(code):
    """The work is done, the body is right, and the status is another one."""
    def after(ex, response):
        response.status = code
        return response
    return After(after)


def empty(code):
    return plain(code, b"", None)


def kind(value):
    """Another content type on a good answer; None: no content type."""
    return fields(lambda r: r.set("Content-Type", value) if value else r.drop("Content-Type"))


def redirect(code, to, hops=1):
    """`to`: a path here, a whole URL, or "loop"."""
    def before(ex):
        here = ex.request.path
        at = int(here.rpartition("hop=")[2] or 0) if "hop=" in here else 0
        base = here.split("?")[0]
        if to == "loop":
            target = ex.authority.url(f"{base}?hop={at + 1}")
        elif at >= hops:
            return None
        else:
            target = to if "://" in to else ex.authority.url(f"{base}?hop={at + 1}")
        return Response(code, b"", None, Location=target)
    return Before(before)


def location(value):
    """f(good) → what the field says; None: no field."""
    def change(response):
        good = response.get("Location")
        new = value(good) if good else None
        response.drop("Location")
        if new is not None:
            response.add("Location", new)
    return fields(change)


def two_locations():
    return fields(lambda r: r.add("Location", "https://127.0.0.1:1/elsewhere") if r.get("Location") else None)


def member_url(name, value):
    """A URL in the object leads elsewhere."""
    return edit(lambda o: o.update({name: value}))


def not_found_with_lag():
    """Replication lag: 404 for a moment (W-16)."""
    return refuse("malformed", 404, "not here yet")
