"""Flattened JWS, verified: what RFC 8555 §6.2 asks of a server."""

import base64
import hashlib
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

CURVES = {"P-256": (ec.SECP256R1(), hashes.SHA256(), 32, "ES256"), "P-384": (ec.SECP384R1(), hashes.SHA384(), 48, "ES384")}
THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


class Refused(Exception):
    """Problem type and words."""

    def __init__(self, kind, detail, status=400, **more):
        super().__init__(detail)
        self.kind, self.detail, self.status, self.more = kind, detail, status, more


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise Refused("malformed", "not base64url without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def thumbprint(jwk):
    members = {name: jwk[name] for name in THUMBPRINT[jwk["kty"]]}
    return encode(hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())


def _number(text):
    return int.from_bytes(decode(text), "big")


def _verify_ec(jwk, alg, signed, signature):
    curve, digest, size, wanted = CURVES[jwk["crv"]]
    if alg != wanted:
        raise Refused("badSignatureAlgorithm", f"{alg} with a key on {jwk['crv']}")
    if len(signature) != 2 * size:
        raise Refused("malformed", "the signature has a wrong length")
    key = ec.EllipticCurvePublicNumbers(_number(jwk["x"]), _number(jwk["y"]), curve).public_key()
    der = encode_dss_signature(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
    key.verify(der, signed, ec.ECDSA(digest))


def _verify_rsa(jwk, alg, signed, signature):
    if alg != "RS256":
        raise Refused("badSignatureAlgorithm", f"{alg} with an RSA key")
    key = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
    key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())


def _verify_okp(jwk, alg, signed, signature):
    if alg != "EdDSA":
        raise Refused("badSignatureAlgorithm", f"{alg} with an Ed25519 key")
    ed25519.Ed25519PublicKey.from_public_bytes(decode(jwk["x"])).verify(signature, signed)


_KINDS = {"EC": _verify_ec, "RSA": _verify_rsa, "OKP": _verify_okp}


class Jws:
    """Parsed, not yet verified."""

    def __init__(self, body):
        try:
            outer = json.loads(body)
            self.protected, self.payload_text, signature = outer["protected"], outer["payload"], outer["signature"]
            self.header = json.loads(decode(self.protected))
        except (ValueError, KeyError, TypeError) as error:
            raise Refused("malformed", f"not a flattened JWS: {error}") from error
        self.signature = decode(signature)
        if set(outer) != {"protected", "payload", "signature"}:
            raise Refused("malformed", "unexpected members beside the JWS")
        if ("jwk" in self.header) == ("kid" in self.header):
            raise Refused("malformed", "exactly one of jwk and kid")

    def verify(self, jwk):
        try:
            _KINDS[jwk["kty"]](jwk, self.header.get("alg"), f"{self.protected}.{self.payload_text}".encode(), self.signature)
        except (KeyError, ValueError) as error:
            raise Refused("badPublicKey", f"no usable key: {error}") from error
        except InvalidSignature as error:
            raise Refused("malformed", "the signature does not verify") from error

    def payload(self):
        """None for POST-as-GET."""
        octets = decode(self.payload_text)
        if not octets:
            return None
        try:
            value = json.loads(octets)
        except ValueError as error:
            raise Refused("malformed", "the payload is no JSON") from error
        if not isinstance(value, dict):
            raise Refused("malformed", "the payload is no object")
        return value
