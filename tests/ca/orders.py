"""Orders, authorizations, challenges and certificates of the authority; validated over HTTP, finalized at once or later."""

import secrets
import threading
import time

import issuer as x
import jose
import validate
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from jose import Refused
from message import Response, answer

ORDER_LIFE = 7 * 86400


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Authorization:
    def __init__(self, number, name):
        self.number, self.name, self.status, self.token = number, name, "pending", secrets.token_urlsafe(24)
        self.processing, self.error, self.posts = False, None, 0


class Order:
    def __init__(self, number, account, names, authorizations, expires):
        self.number, self.account, self.names, self.authorizations, self.expires = number, account, names, authorizations, expires
        self.status, self.error, self.chain, self.ready_at = "pending", None, None, 0
        self.extra = {}


class Orders:
    """Of one cell."""

    def __init__(self, authority):
        self.authority, self.clock = authority, authority.clock
        self.all, self.authorizations = {}, {}
        self.finalize_takes = 1
        self.issued = []

    # -- resources --

    def serve(self, step, account, rest, payload):
        handlers = {"newOrder": self._new, "authorization": self._authorization, "challenge": self._challenge,
                    "order": self._order, "finalize": self._finalize, "certificate": self._certificate}
        if step not in handlers:
            raise Refused("malformed", "no such resource", 404)
        return handlers[step](account, rest, payload)

    def _find(self, table, rest):
        try:
            return table[int(rest[0])]
        except (KeyError, ValueError, IndexError):
            raise Refused("malformed", "no such object", 404) from None

    def shown(self, order):
        self._refresh(order)
        value = {"status": order.status, "expires": stamp(order.expires),
                 "identifiers": [{"type": "dns", "value": name} for name in order.names],
                 "authorizations": [self.authority.url(f"/authz/{a.number}") for a in order.authorizations],
                 "finalize": self.authority.url(f"/finalize/{order.number}"), **order.extra}
        if order.error:
            value["error"] = order.error
        if order.status == "valid":
            value["certificate"] = self.authority.url(f"/cert/{order.number}")
        return value

    def _refresh(self, order):
        if order.status == "processing" and self.clock.now() >= order.ready_at:
            order.status = "valid"
        states = {a.status for a in order.authorizations}
        if order.status == "pending" and states == {"valid"}:
            order.status = "ready"
        elif order.status == "pending" and states - {"valid", "pending"}:
            order.status = "invalid"

    def _answer(self, order, status=200):
        return answer(self.shown(order), status).set("Location", self.authority.url(f"/order/{order.number}"))

    def _new(self, account, rest, payload):
        names = [i["value"] for i in payload["identifiers"]]
        number = len(self.all) + 1
        made = []
        for name in names:
            a = Authorization(len(self.authorizations) + 1, name)
            self.authorizations[a.number] = a
            made.append(a)
        order = self.all[number] = Order(number, account, names, made, self.clock.now() + ORDER_LIFE)
        order.extra = {k: payload[k] for k in ("profile", "replaces", "notBefore", "notAfter") if k in payload}
        return self._answer(order, 201)

    def _order(self, account, rest, payload):
        order = self._find(self.all, rest)
        response = self._answer(order)
        if order.status == "processing":
            response.set("Retry-After", "3")
        return response

    def challenge_shown(self, a):
        status = "processing" if a.processing and a.status == "pending" else a.status
        value = {"type": "http-01", "url": self.authority.url(f"/chall/{a.number}"), "token": a.token, "status": status}
        if a.error:
            value["error"] = a.error
        if a.status == "valid":
            value["validated"] = stamp(self.clock.now())
        return value

    def authorization_shown(self, a):
        others = [{"type": "dns-01", "url": self.authority.url(f"/chall/{a.number}/dns"), "token": a.token, "status": "pending"},
                  {"type": "dns-persist-01", "url": self.authority.url(f"/chall/{a.number}/persist"), "status": "pending"}]
        mine = self.challenge_shown(a)
        return {"identifier": {"type": "dns", "value": a.name}, "status": a.status, "expires": stamp(self.clock.now() + 86400),
                "challenges": [mine] if a.status != "pending" else [*others, mine]}

    def _authorization(self, account, rest, payload):
        return answer(self.authorization_shown(self._find(self.authorizations, rest)))

    def _challenge(self, account, rest, payload):
        a = self._find(self.authorizations, rest)
        if payload != {} and payload is not None:
            raise Refused("malformed", "the payload of a challenge is {}")
        a.posts += 1
        if a.status == "pending" and not a.processing and payload is not None:
            a.processing = True
            threading.Thread(target=self.validate, args=(a, account), daemon=True).start()
        return answer(self.challenge_shown(a))

    def validate(self, a, account):
        with self.clock.busy():
            try:
                if self.authority.script.validates(a) is not False:
                    validate.http01(a.name, a.token, f"{a.token}.{account.thumbprint}", self.authority.http_port)
                a.status = "valid"
            except validate.Never:
                return
            except validate.Invalid as reason:
                a.error = {"type": f"urn:ietf:params:acme:error:{reason.kind}", "detail": reason.detail, "status": 400}
                a.status = "invalid"

    # -- issuing --

    def _finalize(self, account, rest, payload):
        order = self._find(self.all, rest)
        self._refresh(order)
        if order.status != "ready":
            raise Refused("orderNotReady", f"the order is {order.status}", 403)
        try:
            request = x509.load_der_x509_csr(jose.decode(payload["csr"]))
        except (KeyError, ValueError) as error:
            raise Refused("badCSR", "cannot be read") from error
        self._check(request, order)
        self.issue(order, request)
        response = self._answer(order)
        if order.status == "processing":
            response.set("Retry-After", "3")
        return response

    def _check(self, request, order):
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
        if not request.is_signature_valid or sorted(names) != sorted(order.names):
            raise Refused("badCSR", "signature or names")
        spki = request.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.authority.csr_keys.append(spki)

    def issue(self, order, request):
        now = self.clock.now()
        leaf = self.authority.script.make_leaf(self.authority, order, request.public_key())
        if leaf is None:
            leaf = self.authority.issuer.leaf(request.public_key(), order.names, now - 3600, now - 3600 + self.authority.lifetime)
        order.leaf, order.chain = leaf, self.authority.issuer.chain(leaf)
        order.status, order.ready_at = ("processing", now + self.finalize_takes) if self.finalize_takes else ("valid", now)
        self.issued.append(x.der(leaf))

    def _certificate(self, account, rest, payload):
        order = self._find(self.all, rest)
        if not order.chain:
            raise Refused("malformed", "no certificate", 404)
        return Response(200, order.chain, "application/pem-certificate-chain")
