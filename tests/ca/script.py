"""What the CA shall do wrong, as data: at step S, the n-th time, do B.

    Script(Rule("finalize", broken_json, first=1, times=2))

A behaviour is a function of the exchange, or an object with some of these members:
    before(ex)          a Response in the authority's place: the request is not carried out
    after(ex, response) the answer to send instead
    connect(connection) before TLS; False: the connection is over
    context(server)     the TLS context of new connections
    validates(a)        False: the authorization becomes valid without a look; validate.Invalid: it does not
    leaf(authority, order, key)  the certificate to issue
"""

import threading

STEPS = ("directory", "nonce", "newAccount", "newOrder", "authorization", "challenge", "order", "finalize", "certificate")
EVER = 1 << 30


class Rule:
    """`first`: from the n-th request of this step on (from 1); `times`: how many of them."""

    def __init__(self, step, behaviour, first=1, times=EVER):
        self.step, self.behaviour, self.first, self.times = step, behaviour, first, times
        self.met = 0

    def applies(self, nth):
        return self.first <= nth < self.first + self.times


class Script:
    def __init__(self, *rules, protocol="h2", setup=None):
        self.rules, self.protocol, self.setup = rules, protocol, setup
        self.counts, self.lock = {}, threading.Lock()
        self.authority = None

    def protocols(self):
        return ["h2", "http/1.1"] if self.protocol == "h2" else ["http/1.1"]

    def _number(self, step):
        with self.lock:
            self.counts[step] = self.counts.get(step, 0) + 1
            return self.counts[step]

    def _those(self, step, nth, member):
        for rule in self.rules:
            if rule.step == step and rule.applies(nth) and hasattr(rule.behaviour, member):
                rule.met += 1
                yield getattr(rule.behaviour, member)

    def before(self, ex):
        ex.nth = self._number(ex.step)
        for act in self._those(ex.step, ex.nth, "before"):
            response = act(ex)
            if response is not None:
                return response
        return None

    def after(self, ex, response):
        for act in self._those(ex.step, ex.nth, "after"):
            response = act(ex, response)
        return response

    def connect(self, connection):
        nth = self._number("connect")
        for act in self._those("connect", nth, "connect"):
            if act(connection) is False:
                return False
        return True

    def context(self, server):
        nth = self.counts.get("connect", 1)
        for act in self._those("connect", nth, "context"):
            return act(server)
        return None

    def validates(self, authorization):
        nth = self._number("validation")
        for act in self._those("validation", nth, "validates"):
            return act(authorization)
        return True

    def make_leaf(self, authority, order, key):
        nth = self._number("issue")
        for act in self._those("issue", nth, "leaf"):
            return act(authority, order, key)
        return None

    def met(self):
        """How often any rule applied: a cell whose script was never played shows nothing."""
        return sum(rule.met for rule in self.rules)
