"""What the tests know of certificates: made with openssl, looked at with openssl, read from a server by a handshake."""

import base64
import hashlib
import os
import re
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


def make_intermediate(directory, name="Intermediate for TLS"):
    """An intermediate of that CA: directory/intermediate.pem and intermediate.key."""
    key, cert = os.path.join(directory, "intermediate.key"), os.path.join(directory, "intermediate.pem")
    with tempfile.TemporaryDirectory() as scratch:
        request, extensions = os.path.join(scratch, "csr"), os.path.join(scratch, "ext")
        with open(extensions, "w") as f:
            f.write("basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
                    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                 request, "-subj", f"/CN={name}")
        _openssl("x509", "-req", "-in", request, "-CA", os.path.join(directory, "ca.pem"), "-CAkey",
                 os.path.join(directory, "ca.key"), "-CAcreateserial", "-days", "3650", "-extfile", extensions, "-out", cert)
    return cert, key


def sign_request(directory, request, cert, days=365, issuer="intermediate"):
    """What a CA without ACME does: the names and the subject are those of the request."""
    done = _openssl("req", "-in", request, "-noout", "-text")
    names = re.search(r"Subject Alternative Name:.*\n\s*(.*)", done).group(1).replace("IP Address:", "IP:")
    with tempfile.TemporaryDirectory() as scratch:
        extensions = os.path.join(scratch, "ext")
        with open(extensions, "w") as f:
            f.write(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
                    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        _openssl("x509", "-req", "-in", request, "-CA", os.path.join(directory, f"{issuer}.pem"), "-CAkey",
                 os.path.join(directory, f"{issuer}.key"), "-CAcreateserial", "-days", str(days), "-extfile", extensions,
                 "-out", cert)
    return cert


def make_self_signed(cert, key, name, days=30):
    _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
             "-days", str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")


def request_text(request):
    """The whole request as openssl prints it; its signature holds."""
    return _openssl("req", "-in", request, "-noout", "-verify", "-text", "-nameopt", "utf8,sep_comma_plus")


def pack(path, cert, key, chain, password, *more):
    """A PKCS#12 file."""
    _openssl("pkcs12", "-export", "-in", cert, "-inkey", key, "-certfile", chain, "-passout", f"pass:{password}", "-out", path, *more)
    return path


def convert(path, out, kind, *more):
    """A certificate ("x509") or key ("pkey") in another form."""
    _openssl(kind, "-in", path, "-out", out, *more)
    return out


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


# What a client says that wants a server's certificate with such a key.
SIGNATURE_ALGORITHMS = {"rsa": "RSA-PSS+SHA256:RSA+SHA256", "ecdsa": "ECDSA+SHA256:ECDSA+SHA384"}


def verified_leaf_of_kind(port, name, ca_file, kind, host="127.0.0.1", timeout=10):
    """The certificate that a client of this kind gets, verified against ca_file, as DER."""
    done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", name, "-verify_hostname", name,
                           "-CAfile", ca_file, "-verify_return_error", "-sigalgs", SIGNATURE_ALGORITHMS[kind]],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0 or "Verify return code: 0 (ok)" not in done.stdout:
        raise AssertionError(f"a client of kind {kind} got no certificate that it trusts:\n{done.stdout}{done.stderr}")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start = done.stdout.index(begin)
    return ssl.PEM_cert_to_DER_cert(done.stdout[start:done.stdout.index(end, start) + len(end)])


def make_request(directory, name, names, algorithm=("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
    """A key and a certificate request as somebody else's machine makes them: directory/NAME.csr and NAME.key."""
    key, request = os.path.join(directory, f"{name}.key"), os.path.join(directory, f"{name}.csr")
    _openssl("req", "-new", *algorithm, "-nodes", "-keyout", key, "-out", request, "-subj", "/",
             "-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names))
    os.chmod(request, 0o644)
    return request, key


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


def verify(leaf, intermediates, root):
    """Whether the files make a chain to that root; dates count, purposes do not."""
    _openssl("verify", "-CAfile", root, "-untrusted", intermediates, leaf)


def key_kind(path):
    """The first line that openssl has for a private key: its size and, below it, its curve."""
    text = _openssl("pkey", "-in", path, "-noout", "-text")
    curve = [line.split(":")[1].strip() for line in text.splitlines() if line.startswith("ASN1 OID")]
    return curve[0] if curve else "RSA " + text[text.index("(") + 1:].split(" ")[0]


def expires(der):
    """The end of a certificate, Unix seconds."""
    return ssl.cert_time_to_seconds(describe(der)["notAfter"])


def names(der):
    """The DNS names of a certificate."""
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-ext", "subjectAltName"], input=der, capture_output=True,
                          check=True)
    return {part.strip()[4:] for part in done.stdout.decode().replace("\n", ",").split(",") if part.strip().startswith("DNS:")}


def lifetime(der):
    """Seconds from its beginning to its end."""
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-dates"], input=der, capture_output=True, check=True)
    begin, end = (ssl.cert_time_to_seconds(line.partition("=")[2]) for line in done.stdout.decode().splitlines())
    return end - begin


def cert_id(der):
    """What renewal information calls a certificate (RFC 9773)."""
    done = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-serial", "-ext", "authorityKeyIdentifier"], input=der,
                          capture_output=True, check=True)
    text = done.stdout.decode()
    serial = bytes.fromhex(re.search(r"serial=([0-9A-F]+)", text).group(1))
    key = bytes.fromhex(re.search(r"((?:[0-9A-F]{2}:){19}[0-9A-F]{2})", text).group(1).replace(":", ""))
    if serial[0] & 0x80:
        serial = b"\0" + serial
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (key, serial))
