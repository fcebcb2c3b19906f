"""Certificates that must not be installed, and chains in all shapes (W-17, W-18)."""

from behaviour import After, Leaf
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from issuer import Issuer, der, pem

HOUR = 3600


def other_key():
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return Leaf(lambda ca, order, mine: _leaf(ca, key, order.names))


def _leaf(ca, key, names, begin=-HOUR, end=None, **more):
    now = ca.clock.now()
    return ca.issuer.leaf(key, names, now + begin, now + (end if end is not None else ca.lifetime - HOUR), **more)


def names(f):
    return Leaf(lambda ca, order, key: _leaf(ca, key, f(list(order.names))))


def dates(begin, end):
    return Leaf(lambda ca, order, key: _leaf(ca, key, order.names, begin, end))


def authority():
    return Leaf(lambda ca, order, key: _leaf(ca, key, order.names, is_ca=True))


def client_only():
    return Leaf(lambda ca, order, key: _leaf(ca, key, order.names, usage=ExtendedKeyUsageOID.CLIENT_AUTH))


def chain(f):
    """f(leaf, issuer) → the body."""
    def after(ex, response):
        if response.status == 200:
            order = list(ex.authority.orders.all.values())[-1]
            response.body = f(order.leaf, ex.authority.issuer)
        return response
    return After(after)


def body(f):
    """f(good body) → the body."""
    def after(ex, response):
        if response.status == 200:
            response.body = f(response.body)
        return response
    return After(after)


def old_one(machine_leaf):
    """The certificate that is live already."""
    def after(ex, response):
        response.body = machine_leaf()
        return response
    return After(after)


STRANGER = Issuer(1700000000, "Stranger")

SHAPES = {
    "empty body": lambda leaf, ca: b"",
    "no certificate": lambda leaf, ca: b"there is none\n",
    "garbage DER": lambda leaf, ca: b"-----BEGIN CERTIFICATE-----\nMIIBAAAAAAAAAAAAAAAA\n-----END CERTIFICATE-----\n",
    "broken base64": lambda leaf, ca: pem(leaf).replace(b"MII", b"M*I", 1) + pem(ca.intermediate),
    "cut in the middle": lambda leaf, ca: ca.chain(leaf)[:700],
    "a private key in it": lambda leaf, ca: ca.chain(leaf) + ca.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    "11 certificates": lambda leaf, ca: pem(leaf) + pem(ca.intermediate) * 10,
    "unrelated certificate in it": lambda leaf, ca: ca.chain(leaf) + pem(STRANGER.intermediate),
    "DER for PEM": lambda leaf, ca: der(leaf),
    "200 KiB of text": lambda leaf, ca: b"x" * 200000 + ca.chain(leaf),
    "only the intermediate": lambda leaf, ca: pem(ca.intermediate),
    "reversed chain": lambda leaf, ca: pem(ca.intermediate) + pem(leaf),
    "root included": lambda leaf, ca: ca.chain(leaf) + pem(ca.root),
    "CRLF": lambda leaf, ca: ca.chain(leaf).replace(b"\n", b"\r\n"),
    "text before": lambda leaf, ca: b"subject: a.example.org\nissuer: somebody\n\n" + ca.chain(leaf),
    "text between": lambda leaf, ca: pem(leaf) + b"\nand now the issuer\n\n" + pem(ca.intermediate),
    "no final newline": lambda leaf, ca: ca.chain(leaf).rstrip(b"\n"),
    "blank lines": lambda leaf, ca: pem(leaf) + b"\n\n\n" + pem(ca.intermediate) + b"\n\n",
    "leaf alone": lambda leaf, ca: pem(leaf),
    "leaf twice": lambda leaf, ca: pem(leaf) + ca.chain(leaf),
}
