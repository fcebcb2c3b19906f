"""Servers that are not who they should be (W-02)."""

import ssl

from behaviour import Context


def _with(name):
    return Context(lambda server: server.make_context(getattr(server.identity, name)))


def unknown_authority():
    return _with("unknown")


def expired():
    return _with("expired")


def wrong_name():
    return _with("elsewhere")


def old_version():
    def context(server):
        c = server.make_context(server.identity.good)
        c.minimum_version = ssl.TLSVersion.TLSv1
        c.maximum_version = ssl.TLSVersion.TLSv1_1
        c.set_ciphers("ALL:@SECLEVEL=0")
        return c
    return Context(context)
