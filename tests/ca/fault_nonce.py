"""Replay-Nonce (W-11)."""

from behaviour import After, Before
from message import problem


def without():
    return After(lambda ex, r: r.drop("Replay-Nonce"))


def as_text(value):
    return After(lambda ex, r: r.set("Replay-Nonce", value))


def in_two_fields():
    """The good one first."""
    return After(lambda ex, r: r.add("Replay-Nonce", "second-one-that-nobody-knows"))


def comma_joined():
    return After(lambda ex, r: r.set("Replay-Nonce", f'{r.get("Replay-Nonce")}, another-one'))


def always_the_same():
    """Good once, used ever after."""
    kept = {}

    def after(ex, r):
        if r.get("Replay-Nonce"):
            kept.setdefault("nonce", r.get("Replay-Nonce"))
            r.set("Replay-Nonce", kept["nonce"])
        return r
    return After(after)


def bad(status=400, kind="badNonce", nonce=True, detail="not this one"):
    def before(ex):
        response = ex.authority.finish(ex, problem(kind, detail, status))
        return response if nonce else response.drop("Replay-Nonce")
    return Before(before)
