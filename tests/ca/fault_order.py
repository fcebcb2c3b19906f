"""Orders, authorizations and challenges that are not as they should be (W-13 to W-16)."""

from behaviour import After, Before, Validation, edit, refuse
from message import problem
from validate import Invalid, Never

URN = "urn:ietf:params:acme:error:"


def order_status(status, error=None):
    """The order is shown in this state."""
    def change(o):
        o["status"] = status
        if error:
            o["error"] = {"type": URN + error, "detail": "the order is no good", "status": 403}
        if status != "valid":
            o.pop("certificate", None)
    return edit(change)


def really(f):
    """f(order) changes the authority's own order before it answers."""
    def before(ex):
        orders = ex.authority.orders.all
        for order in orders.values():
            f(order)
    return Before(before)


def dead(error):
    """The order has become invalid for good."""
    def f(order):
        order.status = "invalid"
        order.error = {"type": URN + error, "detail": "issuance was refused", "status": 403}
    return really(f)


def identifiers(f):
    def change(o):
        o["identifiers"] = f(o["identifiers"])
    return edit(change)


def authorizations(f):
    def change(o):
        o["authorizations"] = f(o["authorizations"])
    return edit(change)


def authorization_status(status):
    """Really, so that the order follows."""
    def before(ex):
        for a in ex.authority.orders.authorizations.values():
            a.status = status
    return Before(before)


def challenges(f):
    """f(list) of the authorization's challenges."""
    def change(o):
        o["challenges"] = f(o["challenges"])
    return edit(change)


def ours(f):
    """f(challenge) for http-01."""
    def change(o):
        for c in o.get("challenges", []):
            if c["type"] == "http-01":
                f(c)
    return edit(change)


def invalid_by(kind, detail="no luck"):
    def validates(a):
        raise Invalid(kind, detail)
    return Validation(validates)


def never():
    """The validation does not come to an end."""
    def validates(a):
        raise Never()
    return Validation(validates)


def finalized(f):
    """Issues as a good server does, and answers f(ex, response)."""
    return After(f)


def server_error_though_issued():
    return finalized(lambda ex, r: ex.authority.finish(ex, problem("serverInternal", "it broke behind the counter", 500)))


def lag(step_status=404):
    return refuse("malformed", step_status, "not here yet")


def empty_answer(status=200):
    def after(ex, r):
        r.body = b""
        r.status = status
        return r
    return After(after)


def authorization_for_answer():
    """The challenge POST is answered with the authorization."""
    def after(ex, r):
        number = int(ex.request.path.split("/")[2])
        orders = ex.authority.orders
        return r.set_json(orders.authorization_shown(orders.authorizations[number]))
    return After(after)


def refused_though_running():
    def after(ex, r):
        return ex.authority.finish(ex, problem("malformed", "the challenge is not pending", 400))
    return After(after)


def existing_order():
    """newOrder answers 200 with the order, as some do for one that is open."""
    def after(ex, r):
        r.status = 200
        return r
    return After(after)
