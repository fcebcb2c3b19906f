"""Certificates written octet by octet, so that they can be wrong in every way; keys and signatures are openssl's."""

import base64
import datetime
import os
import subprocess

DAY = datetime.timedelta(days=1)
OIDS = {"cn": "2.5.4.3", "rsa": "1.2.840.113549.1.1.", "ecdsa": "1.2.840.10045.4.3.", "san": "2.5.29.17", "basic": "2.5.29.19",
        "usage": "2.5.29.15", "purpose": "2.5.29.37", "aia": "1.3.6.1.5.5.7.1.1", "issuers": "1.3.6.1.5.5.7.48.2",
        "server": "1.3.6.1.5.5.7.3.1", "client": "1.3.6.1.5.5.7.3.2", "staple": "1.3.6.1.5.5.7.1.24", "strange": "1.3.6.1.4.1.99999.1"}
RSA_DIGESTS = {"md5": 4, "sha1": 5, "sha256": 11}
EC_DIGESTS = {"sha256": 2}


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*parts):
    return der(0x30, *parts)


def integer(n):
    return der(0x02, n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True))


def oid(text):
    first, second, *rest = [int(x) for x in text.split(".")]
    octets = bytearray([first * 40 + second])
    for n in rest:
        part = [n & 0x7F]
        while n := n >> 7:
            part.append(0x80 | n & 0x7F)
        octets += bytes(reversed(part))
    return der(0x06, bytes(octets))


def moment(t):
    if t.year < 2050:
        return der(0x17, t.strftime("%y%m%d%H%M%SZ").encode())
    return der(0x18, t.strftime("%Y%m%d%H%M%SZ").encode())


def name(cn):
    return sequence(der(0x31, sequence(oid(OIDS["cn"]), der(0x0C, cn.encode())))) if cn else sequence()


def extension(kind, value, critical=False):
    return sequence(oid(OIDS.get(kind, kind)), der(0x01, b"\xff") if critical else b"", der(0x04, value))


def pem(data, label="CERTIFICATE"):
    text = base64.encodebytes(data).decode().replace("\n", "")
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def openssl(*arguments, data=None):
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"openssl {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Key:
    """kind: 'rsa:2048', 'ec:prime256v1'"""

    def __init__(self, directory, kind):
        self.family, size = kind.split(":")
        self.path = os.path.join(directory, f"{kind.replace(':', '-')}-{len(os.listdir(directory))}.key")
        option = f"rsa_keygen_bits:{size}" if self.family == "rsa" else f"ec_paramgen_curve:{size}"
        openssl("genpkey", "-algorithm", self.family.upper(), "-pkeyopt", option, "-out", self.path)
        self.spki = openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")

    def pem(self):
        with open(self.path) as f:
            return f.read()

    def sign(self, data, digest):
        """The algorithm's identifier and the signature of data."""
        if self.family == "rsa":
            algorithm = sequence(oid(OIDS["rsa"] + str(RSA_DIGESTS[digest])), der(0x05))
        else:
            algorithm = sequence(oid(OIDS["ecdsa"] + str(EC_DIGESTS[digest])))
        return algorithm, lambda octets: openssl("dgst", f"-{digest}", "-sign", self.path, data=octets)


def san_dns(*names):
    return [der(0x82, n if isinstance(n, bytes) else n.encode()) for n in names]


def san_ip(*addresses):
    return [der(0x87, bytes(int(x) for x in a.split("."))) for a in addresses]


class Authority:
    """A name with a key, certified by another one or by itself."""

    def __init__(self, cn, key, by=None, **options):
        self.cn, self.key = cn, key
        self.der = certificate(cn, key, by or self, **{"ca": True, "days": (-400, 3650), **options})
        self.pem = pem(self.der)


def certificate(cn, key, by, san=(), serial=0x1234567890, days=(-10, 80), ca=False, pathlen=None, purpose=("server",), usage=None,
                version=3, digest="sha256", aia=False, more=()):
    """DER. days: from and until, from now. usage: the octet of the bit string."""
    now = datetime.datetime.now(datetime.timezone.utc)
    algorithm, sign = by.key.sign(b"", digest)
    extensions = list(more)
    if ca:
        extensions.append(extension("basic", sequence(der(0x01, b"\xff"), b"" if pathlen is None else integer(pathlen)), True))
        usage = 0x06 if usage is None else usage
    elif purpose:
        extensions.append(extension("purpose", sequence(*[oid(OIDS[p]) for p in purpose])))
    if usage is not None:
        extensions.append(extension("usage", der(0x03, b"\x01", bytes([usage])), True))
    if san:
        extensions.append(extension("san", sequence(*san)))
    if aia:
        extensions.append(extension("aia", sequence(sequence(oid(OIDS["issuers"]), der(0x86, b"http://ca.test/issuer.der")))))
    tbs = sequence(der(0xA0, integer(2)) if version == 3 else b"", integer(serial), algorithm, name(by.cn),
                   sequence(moment(now + days[0] * DAY), moment(now + days[1] * DAY)), name(cn), key.spki,
                   der(0xA3, sequence(*extensions)) if version == 3 else b"")
    return sequence(tbs, algorithm, der(0x03, b"\0", sign(tbs)))
