"""What the tests know of certificates: made with openssl, looked at with openssl, read from a server by a handshake."""

import hashlib
import os
import socket
import ssl
import subprocess
import tempfile


def make_authority(directory, name="Test CA for TLS"):
    """A small CA in directory: ca.pem, ca.key."""
    key, cert = os.path.join(directory, "ca.key"), os.path.join(directory, "ca.pem")
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
             "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return cert, key


def make_server_certificate(directory, name, sans, days=30):
    """A server's certificate from that CA: directory/NAME.pem and NAME.key."""
    key, cert = os.path.join(directory, f"{name}.key"), os.path.join(directory, f"{name}.pem")
    with tempfile.TemporaryDirectory() as scratch:
        request, extensions = os.path.join(scratch, "csr"), os.path.join(scratch, "ext")
        with open(extensions, "w") as f:
            f.write(f"subjectAltName={','.join(sans)}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
                    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                 request, "-subj", f"/CN={name}")
        _openssl("x509", "-req", "-in", request, "-CA", os.path.join(directory, "ca.pem"), "-CAkey",
                 os.path.join(directory, "ca.key"), "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", cert)
    return cert, key


def make_self_signed(cert, key, name, days=30):
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
             "-days", str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")


def _openssl(*args):
    done = subprocess.run(["openssl", *args], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(args)}: {done.stderr}")
    return done.stdout


def served_leaf(port, name, host="127.0.0.1", timeout=5):
    """The certificate that a TLS server shows for this name, as DER."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, port), timeout) as raw:
        with context.wrap_socket(raw, server_hostname=name) as tls:
            return tls.getpeercert(binary_form=True)


def verified_leaf(port, name, ca_file, host="127.0.0.1", timeout=5):
    """The same, with chain and name verified against ca_file."""
    with socket.create_connection((host, port), timeout) as raw:
        with trusting(ca_file).wrap_socket(raw, server_hostname=name) as tls:
            return tls.getpeercert(binary_form=True)


def trusting(ca_file):
    """A context that verifies against ca_file; stricter rules, as Python 3.13 has them, are not what Pebble follows."""
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def first_certificate(path):
    """The first certificate of a PEM file, as DER."""
    with open(path) as f:
        text = f.read()
    end = "-----END CERTIFICATE-----"
    begin = text.index("-----BEGIN CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(text[begin:text.index(end, begin) + len(end)])


def leaf_id(der):
    """How renewd names a leaf."""
    return hashlib.sha256(der).hexdigest()


def describe(der):
    """Serial, issuer, subject alternative names and end of a certificate, as openssl words them."""
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-serial", "-issuer", "-enddate", "-nameopt",
                           "RFC2253", "-ext", "subjectAltName"], input=der, capture_output=True)
    facts = {}
    for line in done.stdout.decode().splitlines():
        key, _, value = line.partition("=")
        if key in ("serial", "issuer", "notAfter"):
            facts[key] = value.strip()
    return facts


def text_of(der):
    """The whole certificate as openssl prints it."""
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-text"], input=der, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def public_key(path, kind):
    """The SPKI of a key ("pkey") or certificate ("x509") file, as PEM."""
    if kind == "pkey":
        return _openssl("pkey", "-in", path, "-pubout")
    return _openssl("x509", "-in", path, "-noout", "-pubkey")
