"""dns-01: wildcards beside the names below them."""

import json
import os
import socket
import struct

import acme_case

PROVIDER = """\
#!/usr/bin/env python3
# Writes TXT records into the tests' name server, which can only add one or forget all of a name.
import fcntl, json, os, sys, urllib.request
def ask(path, body):
    urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:{management}" + path, json.dumps(body).encode()), timeout=5)
with open("{book}", "a+") as f:
    fcntl.flock(f, fcntl.LOCK_EX)
    f.seek(0)
    book = json.loads(f.read() or "{{}}")
    name, value = os.environ["RENEWD_RECORD"].rstrip(".") + ".", os.environ["RENEWD_VALUE"]
    values = book.get("now", {{}}).get(name, [])
    values = [v for v in values if v != value] + ([value] if sys.argv[1] == "present" else [])
    book.setdefault("now", {{}})[name] = values
    book.setdefault("most", {{}})[name] = max(len(values), book.get("most", {{}}).get(name, 0))
    ask("/clear-txt", {{"host": name}})
    for v in values:
        ask("/set-txt", {{"host": name, "value": v}})
    f.seek(0)
    f.truncate()
    f.write(json.dumps(book))
"""


def texts(port, name):
    """The TXT records of a name."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0" + struct.pack(">HH", 16, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.sendto(struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + question, ("127.0.0.1", port))
        answer = s.recv(4096)
    return struct.unpack(">H", answer[6:8])[0]


class Wildcards(acme_case.AcmeCase):
    """12 names with their wildcards, and one more."""

    def test_many(self):
        """Z-05: 25 names, wildcards beside their own names: both values are there together, and all are removed"""
        bases = [f"w{i}.example.org" for i in range(12)]
        name = bases[0]
        names = [n for base in bases for n in (base, f"*.{base}")] + ["single.example.org"]
        book, program = os.path.join(self.directory, "book.json"), os.path.join(self.directory, "provider")
        with open(program, "w") as f:
            f.write(PROVIDER.format(management=self.names.management, book=book))
        os.chmod(program, 0o755)
        self.configure(listen="")
        self.renewd.write("dns/tests.conf", f"[DNS]\nProgram={program}\nServers=127.0.0.1:{self.names.port}\n"
                                            f"Resolver=127.0.0.1:{self.names.port}\n")
        self.renewd.certificate(name, "Challenge=dns-01\nDNS=tests\n", names=" ".join(names))
        self.renewd.once(check=0, timeout=200)
        self.check_chain(name)
        with open(book) as f:
            seen = json.load(f)
        for base in bases:
            self.assertEqual(seen["most"][f"_acme-challenge.{base}."], 2, base)
        self.assertEqual(len(seen["now"]), 13)
        for record, values in seen["now"].items():
            self.assertEqual(values, [], record)
            self.assertEqual(texts(self.names.port, record), 0, record)


if __name__ == "__main__":
    acme_case.main()
