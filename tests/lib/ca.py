"""Pebble as the certification authority, and pebble-challtestsrv as the only name server it asks."""

import json
import os
import re
import urllib.request

import pki
from process import Process, free_port, port_answers, run, wait_until


class Names:
    """Every name is 127.0.0.1."""

    def __init__(self, directory):
        self.port = free_port()
        self.management = free_port()
        argv = ["pebble-challtestsrv", "-management", f"127.0.0.1:{self.management}", "-http01", "", "-https01", "",
                "-tlsalpn01", "", "-dns01", f"127.0.0.1:{self.port}", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]
        if "-doh " in run(["pebble-challtestsrv", "-help"], check=False).stdout:
            argv += ["-doh", ""]
        self.process = Process(argv, os.path.join(directory, "names.log"))
        wait_until(lambda: port_answers(self.management), 10, "pebble-challtestsrv answers")

    def ask(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.management}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read()

    def stop(self):
        self.process.stop()


class Pebble:
    """One Pebble. http_port and tls_port are where it looks for HTTP-01 and TLS-ALPN-01 answers."""

    def __init__(self, directory, names, http_port, nonce_reject=5, authz_reuse=0, lifetime=None, environment=None, port=None,
                 tls_port=None):
        self.directory = directory
        self.names = names
        self.http_port = http_port
        self.tls_port = tls_port or free_port()
        self.port = port or free_port()
        self.management = free_port()
        self.environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": str(nonce_reject),
                            "PEBBLE_AUTHZREUSE": str(authz_reuse), **(environment or {})}
        self.log = os.path.join(directory, "pebble.log")
        os.makedirs(directory, exist_ok=True)
        if not os.path.exists(os.path.join(directory, "ca.pem")):
            pki.make_authority(directory)
            pki.make_server_certificate(directory, "pebble", ["DNS:localhost", "IP:127.0.0.1"])
        self.tls_ca = os.path.join(directory, "ca.pem")
        config = {"listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
                  "certificate": os.path.join(directory, "pebble.pem"), "privateKey": os.path.join(directory, "pebble.key"),
                  "httpPort": http_port, "tlsPort": self.tls_port, "ocspResponderURL": "",
                  "externalAccountBindingRequired": False}
        if lifetime:
            config["certificateValidityPeriod"] = lifetime
        self.config = os.path.join(directory, "pebble.json")
        with open(self.config, "w") as f:
            json.dump({"pebble": config}, f, indent=2)
        self.start()

    def start(self):
        self.process = Process(["pebble", "-config", self.config, "-strict", "-dnsserver", f"127.0.0.1:{self.names.port}"],
                               self.log, env={**os.environ, **self.environment})
        wait_until(lambda: port_answers(self.port), 20, lambda: "Pebble answers\n" + self.process.output())

    @property
    def directory_url(self):
        return f"https://localhost:{self.port}/dir"

    def root(self, path, kind="roots"):
        """Saves the root certificate of what it issues."""
        context = pki.trusting(self.tls_ca)
        with urllib.request.urlopen(f"https://127.0.0.1:{self.management}/{kind}/0", context=context, timeout=5) as answer:
            pem = answer.read()
        with open(path, "wb") as f:
            f.write(pem)
        return path

    def mark(self):
        """A place in the log, for requests(since)."""
        return os.path.getsize(self.log)

    def requests(self, since=0):
        """What clients asked since then: a list of (method, path)."""
        with open(self.log, "rb") as f:
            f.seek(since)
            text = f.read().decode(errors="replace")
        return re.findall(r" (GET|HEAD|POST) (/\S*) -> calling handler", text)

    def count(self, path, since=0):
        return sum(1 for _, p in self.requests(since) if p.startswith(path))

    def posts(self, since=0):
        return [p for m, p in self.requests(since) if m == "POST"]

    def stop(self):
        self.process.stop()
