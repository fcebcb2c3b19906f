"""Building blocks of behaviours (script.py)."""

from message import Response, problem


class Before:
    """f(ex) in the authority's place; None: it does its work."""

    def __init__(self, f):
        self.before = f


class After:
    """f(ex, response) on the authority's answer."""

    def __init__(self, f):
        self.after = f


class Connect:
    def __init__(self, f):
        self.connect = f


class Context:
    """f(server): a TLS context."""

    def __init__(self, f):
        self.context = f


class Validation:
    """f(authorization): False makes it valid unseen; validate.Invalid makes it invalid."""

    def __init__(self, f):
        self.validates = f


class Leaf:
    """f(authority, order, key): the certificate to issue."""

    def __init__(self, f):
        self.leaf = f


def refuse(kind, status=400, detail="so it is", retry_after=None, **more):
    """A problem document, with a nonce, instead of the work."""
    def before(ex):
        response = ex.authority.finish(ex, problem(kind, detail, status, **more))
        return response.set("Retry-After", retry_after) if retry_after is not None else response
    return Before(before)


def refuse_after(kind, status=400, detail="so it is"):
    """The work is done, and the answer says that it was not."""
    return After(lambda ex, response: ex.authority.finish(ex, problem(kind, detail, status)))


def plain(status, body=b"", kind="text/html", **fields):
    """An answer that is not ACME at all."""
    return Before(lambda ex: Response(status, body, kind, **fields))


def edit(f):
    """f(value) changes the object of the answer in place, or returns another one."""
    def after(ex, response):
        if response.status >= 400:
            return response
        value = response.json()
        changed = f(value)
        return response.set_json(value if changed is None else changed)
    return After(after)


def fields(f):
    """f(response) changes the header fields of the answer."""
    def after(ex, response):
        f(response)
        return response
    return After(after)
