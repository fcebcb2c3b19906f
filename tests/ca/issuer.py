"""What signs: a root, an intermediate, leaves; and certificates that are wrong in one way each."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = 86400


def moment(seconds):
    return datetime.datetime.utcfromtimestamp(int(seconds))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def _general(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Issuer:
    """One hierarchy."""

    def __init__(self, now, label="Scripted"):
        self.label = label
        self.root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = self.authority(f"{label} Root", self.root_key, None, self.root_key, now)
        self.intermediate = self.authority(f"{label} CA 1", self.key, self.root, self.root_key, now)
        self.serial = 0x80F0

    def authority(self, name, key, issuer, issuer_key, now):
        subject = _name(name)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.subject if issuer else subject)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(moment(now - 365 * DAY)).not_valid_after(moment(now + 3650 * DAY))
                .add_extension(x509.BasicConstraints(True, None), True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
                .sign(issuer_key, hashes.SHA256()))

    def leaf(self, public_key, names, not_before, not_after, is_ca=False, usage=ExtendedKeyUsageOID.SERVER_AUTH):
        self.serial += 1
        return (x509.CertificateBuilder().subject_name(_name(None)).issuer_name(self.intermediate.subject)
                .public_key(public_key).serial_number(self.serial)
                .not_valid_before(moment(not_before)).not_valid_after(moment(not_after))
                .add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), True)
                .add_extension(x509.BasicConstraints(is_ca, None), True)
                .add_extension(x509.ExtendedKeyUsage([usage]), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
                .sign(self.key, hashes.SHA256()))

    def chain(self, leaf):
        return pem(leaf) + pem(self.intermediate)
