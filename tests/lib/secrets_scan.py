"""Looks for the octets of private keys in the memory of a process."""

import base64
import re
import subprocess


def needles(pem):
    """What is in memory when 16 octets in a row of a key are: each aligned block of 8 octets of its secret numbers (any such
    run has one whole), in both octet orders, in hex, and in base64 at each of its three offsets, which a PEM file is too."""
    found = set()
    for number in _secret_numbers(pem):
        for octets in (number, number[::-1]):
            found |= {octets[i:i + 8] for i in range(0, len(octets) - 7, 8)}
        for i in range(0, len(number) - 7, 8):
            text = number[i:i + 8].hex()
            found |= {text.encode(), text.upper().encode()}
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            for offset in range(3):
                text = encode(b"\0" * offset + number)
                # Without the ends, which depend on what stands before and after.
                text = text[4 if offset else 0:len(text) - 4]
                found |= {text[i:i + 11] for i in range(0, len(text) - 10, 11)}
    return found


def all_needles(keys):
    """keys: path → PEM octets. A list of (path, needle)."""
    return [(path, needle) for path, pem in keys.items() for needle in sorted(needles(pem))]


def _secret_numbers(pem):
    """The private scalar of an EC key; d, p and q of an RSA key."""
    done = subprocess.run(["openssl", "pkey", "-noout", "-text"], input=pem, capture_output=True, check=True)
    text = done.stdout.decode()
    for field in ("priv", "privateExponent", "prime1", "prime2"):
        match = re.search(rf"^{field}:\n((?:\s+[0-9a-f:]+\n)+)", text, re.M)
        if match:
            yield bytes.fromhex(re.sub(r"[\s:]", "", match.group(1))).lstrip(b"\0")


def memory(pid, writable=False):
    """All readable memory of a process, or only what it can have written to."""
    parts = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            area, rights = line.split()[:2]
            if not rights.startswith("rw" if writable else "r") or "[vvar" in line or "[vsyscall]" in line:
                continue
            begin, end = (int(x, 16) for x in area.split("-"))
            try:
                mem.seek(begin)
                parts.append(mem.read(end - begin) or b"")
            except (OSError, ValueError, OverflowError):
                continue
    return b"\0".join(parts)


def find(octets, wanted):
    """Which of these (path, needle) are there."""
    return [(path, needle) for path, needle in wanted if needle in octets]
