"""A revocation by somebody else: signed with the certificate's own key, without an account."""

import base64
import http.client
import json
import subprocess

import pki

SUPERSEDED = 4
TRIES = 60  # Pebble refuses good nonces, too


def _b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _jwk(key):
    """Of a P-256 key: its public point ends the SPKI."""
    spki = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], capture_output=True, check=True).stdout
    return {"kty": "EC", "crv": "P-256", "x": _b64(spki[-64:-32]), "y": _b64(spki[-32:])}


def _sign(key, octets):
    """ES256: r and s with 32 octets each, out of the DER that openssl makes."""
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=octets, capture_output=True, check=True).stdout
    size = der[3]
    r, s = der[4:4 + size], der[6 + size:]
    return b"".join(n.lstrip(b"\0").rjust(32, b"\0") for n in (r, s))


def with_key(pebble, leaf, key, reason):
    """Revokes a certificate (DER) with its P-256 key, in a file."""
    host = f"localhost:{pebble.port}"
    connection = http.client.HTTPSConnection("localhost", pebble.port, context=pki.trusting(pebble.tls_ca), timeout=10)
    payload = _b64(json.dumps({"certificate": _b64(leaf), "reason": reason}).encode())
    agent = {"User-Agent": "renewd-tests", "Content-Type": "application/jose+json"}
    connection.request("HEAD", "/nonce-plz", headers=agent)
    answer = connection.getresponse()
    for _ in range(TRIES):
        problem = answer.read().decode()
        protected = _b64(json.dumps({"alg": "ES256", "jwk": _jwk(key), "nonce": answer.headers["Replay-Nonce"],
                                     "url": f"https://{host}/revoke-cert"}).encode())
        body = {"protected": protected, "payload": payload, "signature": _b64(_sign(key, f"{protected}.{payload}".encode()))}
        connection.request("POST", "/revoke-cert", json.dumps(body), agent)
        answer = connection.getresponse()
        if answer.status == 200:
            connection.close()
            return
        if answer.status != 400:
            break
    raise AssertionError(f"revocation: {answer.status} {problem}{answer.read().decode()}")
