"""An ACME server that is right (RFC 8555, 9773): accounts, nonces, signatures, and the way from a request to its resource. What it
does wrong is the script's (script.py), before or after it."""

import json
import secrets
import time

import jose
from accounts import Accounts
from jose import Refused
from message import Response, answer, problem
from orders import Orders
from script import STEPS, Script

NONCES_MAX = 10000


class Seen:
    """One request, for the judge."""

    def __init__(self, step, request, at, number):
        self.step, self.method, self.path, self.at, self.number = step, request.method, request.path, at, number
        self.headers, self.version = request.headers, request.version
        self.payload, self.status = None, 0


class Exchange:
    """A request on its way through script and authority."""

    def __init__(self, authority, step, request, connection, seen):
        self.authority, self.step, self.request, self.connection, self.seen = authority, step, request, connection, seen
        self.nth = 0


class Authority:
    """One CA. `reset(script)` before each cell; accounts stay, nothing else does."""

    def __init__(self, clock, issuer, http_port, lifetime):
        self.clock, self.issuer, self.http_port, self.lifetime = clock, issuer, http_port, lifetime
        self.accounts = Accounts(self)
        self.base = ""
        self.reset(Script())

    def reset(self, script):
        self.script = script
        script.authority = self
        self.nonces, self.seen, self.csr_keys, self.problems = {}, [], [], []
        self.orders = Orders(self)
        self.renewal_info = None
        self.meta = {"termsOfService": f"{self.base}/terms", "website": "https://ca.example/"}

    # -- nonces --

    def new_nonce(self):
        nonce = secrets.token_urlsafe(16)
        self.nonces[nonce] = True
        if len(self.nonces) > NONCES_MAX:
            self.nonces.pop(next(iter(self.nonces)))
        return nonce

    # -- requests --

    def url(self, path):
        return f"{self.base}{path}"

    def route(self, request):
        path = request.path.split("?")[0].strip("/").split("/")
        known = {"dir": "directory", "nonce": "nonce", "new-account": "newAccount", "new-order": "newOrder",
                 "authz": "authorization", "chall": "challenge", "order": "order", "finalize": "finalize",
                 "cert": "certificate", "ari": "renewalInfo", "key-change": "keyChange", "revoke": "revokeCert",
                 "account": "account"}
        return known.get(path[0], "other"), path[1:]

    def respond(self, request, connection):
        """Called by the server for each request; what comes back is sent."""
        step, rest = self.route(request)
        seen = Seen(step, request, self.clock.now(), connection.number)
        self.seen.append(seen)
        ex = Exchange(self, step, request, connection, seen)
        try:
            response = self.script.before(ex) or self._carry_out(ex, rest)
            response = self.script.after(ex, response)
        except Refused as refused:
            self.problems.append(f"{step}: {refused.kind}: {refused.detail}")
            response = self._finish(ex, problem(refused.kind, refused.detail, refused.status, **refused.more))
            response = self.script.after(ex, response)
        seen.status = response.status
        return response

    def carry_out(self, ex):
        """For behaviours: what a good server does and answers."""
        try:
            return self._carry_out(ex, self.route(ex.request)[1])
        except Refused as refused:
            return self._finish(ex, problem(refused.kind, refused.detail, refused.status, **refused.more))

    def finish(self, ex, response):
        """Date and nonce, as on every answer."""
        return self._finish(ex, response)

    def _finish(self, ex, response):
        response.set("Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self.clock.now())))
        response.set("Cache-Control", "no-store")
        if ex.step not in ("directory", "renewalInfo"):
            response.set("Replay-Nonce", self.new_nonce())
            response.add("Link", f'<{self.url("/dir")}>;rel="index"')
        return response

    def _carry_out(self, ex, rest):
        request = ex.request
        if not request.headers.get("user-agent"):
            raise Refused("malformed", "no User-Agent")
        if request.method in ("GET", "HEAD"):
            return self._finish(ex, self._get(ex, rest))
        if request.method != "POST":
            raise Refused("malformed", "method", 405)
        return self._finish(ex, self._post(ex, rest))

    def _get(self, ex, rest):
        if ex.step == "directory":
            return answer(self.directory())
        if ex.step == "nonce":
            return Response(200 if ex.request.method == "HEAD" else 204)
        if ex.step == "renewalInfo" and self.renewal_info:
            return answer(self.renewal_info)
        raise Refused("malformed", "no such resource", 404 if ex.step in ("other", "renewalInfo") else 405)

    def directory(self):
        found = {"newNonce": "/nonce", "newAccount": "/new-account", "newOrder": "/new-order", "revokeCert": "/revoke",
                 "keyChange": "/key-change"}
        if self.renewal_info:
            found["renewalInfo"] = "/ari"
        return {**{name: self.url(path) for name, path in found.items()}, secrets.token_hex(4): "https://example.org/", "meta": self.meta}

    def _post(self, ex, rest):
        if ex.request.headers.get("content-type") != "application/jose+json":
            raise Refused("malformed", "Content-Type", 415)
        if "content-length" not in ex.request.headers:
            raise Refused("malformed", "no Content-Length")
        jws = jose.Jws(ex.request.body)
        ex.seen.payload = json.loads(jose.decode(jws.payload_text) or b"null")
        if jws.header.get("url") != self.url(ex.request.path):
            raise Refused("unauthorized", f"the url is {jws.header.get('url')}, not {self.url(ex.request.path)}")
        account = self._signer(ex, jws)
        if self.nonces.pop(jws.header.get("nonce"), None) is None:
            raise Refused("badNonce", "unknown or used")
        if ex.step == "newAccount":
            return self.accounts.create(jws)
        return self.orders.serve(ex.step, account, rest, jws.payload())

    def _signer(self, ex, jws):
        if ex.step == "newAccount":
            if "jwk" not in jws.header:
                raise Refused("malformed", "newAccount wants jwk")
            jws.verify(jws.header["jwk"])
            return None
        account = self.accounts.by_url(jws.header.get("kid"))
        jws.verify(account.jwk)
        if account.status != "valid":
            raise Refused("unauthorized", f"the account is {account.status}", 401)
        return account

    def count(self, step):
        return sum(1 for s in self.seen if s.step == step)


assert set(STEPS) >= {"directory", "nonce", "newOrder"}
