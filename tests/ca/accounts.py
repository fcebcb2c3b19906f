"""Accounts of the authority."""

import jose
from jose import Refused
from message import Response, answer


class Account:
    def __init__(self, number, jwk, contact):
        self.number, self.jwk, self.contact, self.status = number, jwk, contact, "valid"
        self.thumbprint = jose.thumbprint(jwk)


class Accounts:
    """By number and by key. A copy is taken before each cell (remember) and comes back after it (restore)."""

    def __init__(self, authority):
        self.authority = authority
        self.all, self.last, self.kept = {}, 0, ({}, 0)

    def remember(self):
        self.kept = (dict(self.all), self.last)

    def restore(self):
        self.all, self.last = dict(self.kept[0]), self.kept[1]
        for account in self.all.values():
            account.status = "valid"

    def forget(self):
        """As if the CA had lost its database; numbers are not used again."""
        self.all = {}

    def deactivate(self):
        for account in self.all.values():
            account.status = "deactivated"

    def url(self, account):
        return self.authority.url(f"/account/{account.number}")

    def by_url(self, url):
        found = next((a for a in self.all.values() if self.url(a) == url), None)
        if not found:
            raise Refused("accountDoesNotExist", f"no account {url}")
        return found

    def shown(self, account):
        return {"status": account.status, "contact": account.contact, "orders": self.url(account) + "/orders"}

    def create(self, jws):
        payload = jws.payload()
        mark = jose.thumbprint(jws.header["jwk"])
        account = next((a for a in self.all.values() if a.thumbprint == mark), None)
        status = 200
        if account and account.status != "valid":
            raise Refused("unauthorized", f"the account is {account.status}", 403)
        if not account:
            if payload.get("onlyReturnExisting"):
                raise Refused("accountDoesNotExist", "no account with this key")
            if not payload.get("termsOfServiceAgreed"):
                raise Refused("malformed", "must agree to the terms")
            self.last += 1
            account = self.all[self.last] = Account(self.last, jws.header["jwk"], payload.get("contact", []))
            status = 201
        return answer(self.shown(account), status).set("Location", self.url(account))

    def empty(self):
        return Response(200)
