"""W-11 and W-12: nonces and accounts."""

import fault_nonce as fn
from behaviour import Before, edit, fields, refuse
from cell import Cell
from judge import HOUR, PARKED, either, failed, renewed
from script import STEPS, Rule, Script

EVER = 1 << 30
POSTS = STEPS[2:]
LOST = r"no nonce|cannot be reached"


def _cell(tag, title, step, behaviour, expect, times=EVER, first=1, **more):
    return Cell(tag, f"{title} at {step}", lambda: Script(Rule(step, behaviour(), first, times)), expect, fresh=step == "newAccount", **more)


def _everywhere(title, behaviour, expect, steps=STEPS, **more):
    return Cell("W-11", title, lambda: Script(*(Rule(step, b) for step, b in _shared(behaviour, steps))), expect, **more)


def _shared(behaviour, steps):
    b = behaviour()
    return [(step, b) for step in steps]


def nonces():
    yield _everywhere("no Replay-Nonce anywhere", fn.without, failed("unreachable", LOST))
    yield _everywhere("no Replay-Nonce but from newNonce", fn.without, renewed(), steps=POSTS)
    yield _everywhere("the same nonce always", fn.always_the_same, failed(("later", "unreachable", "retry"), r"nonce", requests=700),
                      steps=STEPS)
    yield _everywhere("no Replay-Nonce on success", lambda: fields(lambda r: r.drop("Replay-Nonce") if r.status < 300 else None), renewed(),
                      steps=POSTS)
    yield _everywhere("nonces in two fields", fn.in_two_fields, renewed())
    yield _everywhere("nonces with a comma", fn.comma_joined, either(("unreachable", "later"), LOST))
    for title, value in (("of 10 KiB", "x" * 10240), ("with a space", "not a nonce"), ("with ESC", "a\x1b[31mb"), ("empty", ""),
                         ("padded", "abc=="), ("with slashes", "../../etc/passwd")):
        yield _everywhere(f"nonces {title}", lambda v=value: fn.as_text(v), failed(("unreachable", "later", "retry"), LOST + "|badNonce"))
        yield _cell("W-11", f"a nonce {title}", "order", lambda v=value: fn.as_text(v), renewed(), times=2)
    for step in POSTS:
        yield _cell("W-11", "badNonce once", step, fn.bad, renewed(), times=1)
        yield _cell("W-11", "badNonce five times", step, fn.bad, renewed(), times=5)
        yield _cell("W-11", "badNonce without nonce once", step, lambda: fn.bad(nonce=False), renewed(), times=1)
    for step in ("newAccount", "newOrder"):
        # One new account an hour (S-07): the second attempt only says so.
        tries = 2 if step == "newAccount" else 1
        yield _cell("W-11", "badNonce for ever", step, fn.bad, failed(("later", "retry", "unreachable"), "badNonce"), heals=tries)
        yield _cell("W-11", "badNonce for ever, without nonce,", step, lambda: fn.bad(nonce=False), failed(("later", "retry", "unreachable"), "badNonce"),
                    heals=tries)
    for step in ("order", "finalize"):
        yield _cell("W-11", "badNonce for ever", step, fn.bad, failed(("later", "retry", "order", "unreachable"), "badNonce", requests=400))
    yield _cell("W-11", "badNonce with 403 once", "newOrder", lambda: fn.bad(status=403), renewed(), times=1)
    yield _cell("W-11", "an odd type that speaks of the nonce, once", "newOrder",
                lambda: fn.bad(kind="about:blank", detail="JWS has an invalid anti-replay nonce"), renewed(), times=1)
    yield _cell("W-11", "an odd type that speaks of the nonce, for ever", "newOrder",
                lambda: fn.bad(kind="about:blank", detail="JWS has an invalid anti-replay nonce"), failed("bug", "nonce"))
    for status, expect in ((404, ("later", "bug")), (405, ("later", "bug")), (500, "later"), (503, "later"), (429, "later")):
        kind = "serverInternal" if status >= 500 else "malformed"
        yield _cell("W-11", f"newNonce answers {status} with a nonce", "nonce", lambda k=kind, s=status: refuse(k, s), renewed())
        yield _cell("W-11", f"newNonce answers {status} without one", "nonce", lambda k=kind, s=status: fn.bad(s, k, False),
                    failed(expect, r"nonce|HTTP"))
    yield _cell("W-11", "newNonce answers 204 to HEAD", "nonce", lambda: fields(lambda r: setattr(r, "status", 204)), renewed())


def accounts():
    for step in POSTS[1:]:
        yield _cell("W-12", "accountDoesNotExist once", step, lambda: refuse("accountDoesNotExist", 400, "who are you?"),
                    failed("account", "accountDoesNotExist"), times=1)
    for step in ("newOrder", "authorization", "finalize"):
        yield Cell("W-12", f"accounts lost by the CA at {step}", lambda s=step: Script(Rule(s, _act(lambda a: a.accounts.forget()))),
                   failed("account", "accountDoesNotExist"), heals=2)
    for step in ("newOrder", "order", "finalize"):
        yield _cell("W-12", "the account is deactivated", step, lambda: refuse("unauthorized", 401, "the account is deactivated"),
                    failed(("account", "park", "order"), "unauthorized", gap=(54, 86400)))
    for more, words in (({}, "plain"), ({"instance": "https://ca.example/agree"}, "with instance")):
        for step in ("newOrder", "newAccount"):
            yield _cell("W-12", f"userActionRequired {words}", step,
                        lambda m=more: refuse("userActionRequired", 403, "the terms have changed", **m),
                        failed("park", "userActionRequired.*terms", gap=PARKED))
    yield _cell("W-12", "200 with an empty body", "newAccount", lambda: fields(lambda r: (setattr(r, "body", b""), setattr(r, "status", 200))),
                renewed())
    for kind, status in (("externalAccountRequired", 403), ("invalidContact", 400), ("unsupportedContact", 400), ("badPublicKey", 400),
                         ("badSignatureAlgorithm", 400), ("unauthorized", 401), ("agreementRequired", 403), ("malformed", 400)):
        yield _cell("W-12", f"{kind}", "newAccount", lambda k=kind, s=status: refuse(k, s, "not you"), failed("park", kind, gap=PARKED))
    yield Cell("W-12", "an external account is wanted, no account yet",
               lambda: Script(Rule("directory", edit(lambda o: o["meta"].update(externalAccountRequired=True)))),
               failed("park", "external account", gap=PARKED), fresh=True)
    for status, wait in ((429, 7200), (503, 7200)):
        yield _cell("W-12", f"{status} with Retry-After", "newAccount",
                    lambda s=status, w=wait: refuse("rateLimited" if s == 429 else "serverInternal", s, "slowly", retry_after=w),
                    failed("later", "slowly", gap=(wait, wait + HOUR)), heals=2)
    yield _cell("W-12", "the account is deactivated", "newAccount", lambda: _act(lambda a: a.accounts.deactivate()), renewed())


def _act(f):
    """f(authority) before the request is looked at."""
    return Before(lambda ex: f(ex.authority) and None)


def cells():
    yield from nonces()
    yield from accounts()
