"""Pebble as the certification authority, and pebble-challtestsrv as the only name server it asks."""

import json
import os
import re
import ssl
import urllib.request

import pebbles
import pki
from process import Process, free_port, port_answers, run, wait_until

# What Pebble's package documents as its example keys, by key id.
EAB_KEYS = {"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
            "kid-2": "b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH"}


class Names:
    """Every name is 127.0.0.1. `version` is of the Pebble it comes with; unset, of the machine's own."""

    def __init__(self, directory, version=None):
        self.port = free_port()
        self.management = free_port()
        program = pebbles.program("pebble-challtestsrv", version)
        options = run([program, "-help"], check=False).stdout
        argv = [program, "-management", f"127.0.0.1:{self.management}", "-http01", "", "-https01", "", "-tlsalpn01", "",
                "-dnsserver" if "-dnsserver " in options else "-dns01", f"127.0.0.1:{self.port}", "-defaultIPv4", "127.0.0.1",
                "-defaultIPv6", ""]
        if "-doh " in options:
            argv += ["-doh", ""]
        self.process = Process(argv, os.path.join(directory, "names.log"))
        wait_until(lambda: port_answers(self.management), 20, lambda: "pebble-challtestsrv answers\n" + self.process.output())

    def ask(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.management}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read()

    def stop(self):
        self.process.stop()


class Pebble:
    """One Pebble of a version (unset: the machine's own). http_port and tls_port are where it looks for answers.

    lifetime: of what it issues, seconds. sleep: validation begins after up to so many seconds. eab: True for EAB_KEYS or a
    dictionary of key ids. profiles: name → lifetime in seconds. retry_after: {"authz": s, "order": s}. blocklist: names it
    refuses. chain_length: intermediates. alternates: further roots."""

    def __init__(self, directory, names, http_port, nonce_reject=5, authz_reuse=0, lifetime=None, environment=None, port=None,
                 version=None, tls_port=None, sleep=None, eab=None, profiles=None, retry_after=None, blocklist=None,
                 chain_length=None, alternates=None):
        self.directory = directory
        self.names = names
        self.version = version
        self.http_port = http_port
        self.tls_port = tls_port or free_port()
        self.port = port or free_port()
        self.management = free_port()
        self.environment = {"PEBBLE_WFE_NONCEREJECT": nonce_reject, "PEBBLE_AUTHZREUSE": authz_reuse,
                            "PEBBLE_VA_NOSLEEP": None if sleep else 1, "PEBBLE_VA_SLEEPTIME": sleep,
                            "PEBBLE_CHAIN_LENGTH": chain_length, "PEBBLE_ALTERNATE_ROOTS": alternates, **(environment or {})}
        self.log = os.path.join(directory, "pebble.log")
        os.makedirs(directory, exist_ok=True)
        if not os.path.exists(os.path.join(directory, "ca.pem")):
            pki.make_authority(directory)
            pki.make_server_certificate(directory, "pebble", ["DNS:localhost", "IP:127.0.0.1"])
        self.tls_ca = os.path.join(directory, "ca.pem")
        config = {"listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
                  "certificate": os.path.join(directory, "pebble.pem"), "privateKey": os.path.join(directory, "pebble.key"),
                  "httpPort": http_port, "tlsPort": self.tls_port, "ocspResponderURL": "",
                  "externalAccountBindingRequired": bool(eab)}
        if eab:
            config["externalAccountMACKeys"] = EAB_KEYS if eab is True else eab
        if retry_after:
            config["retryAfter"] = retry_after
        if blocklist:
            config["domainBlocklist"] = blocklist
        self._say_lifetimes(config, lifetime, profiles)
        self.config = os.path.join(directory, "pebble.json")
        with open(self.config, "w") as f:
            json.dump({"pebble": config}, f, indent=2)
        self.start()

    def _say_lifetimes(self, config, lifetime, profiles):
        """Since 2.7 a lifetime is a matter of the profile; one of several is drawn if the order names none."""
        if self.version and pebbles.number(self.version) >= (2, 7):
            profiles = profiles or {"default": lifetime or 90 * 86400}
            config["profiles"] = {n: {"description": f"The profile {n}", "validityPeriod": s} for n, s in profiles.items()}
        elif lifetime:
            config["certificateValidityPeriod"] = lifetime

    def start(self):
        environment = {**os.environ, **{k: str(v) for k, v in self.environment.items() if v is not None}}
        self.process = Process([pebbles.program("pebble", self.version), "-config", self.config, "-strict", "-dnsserver",
                                f"127.0.0.1:{self.names.port}"], self.log, env=environment)
        wait_until(lambda: port_answers(self.port), 20, lambda: "Pebble answers\n" + self.process.output())

    def restart(self, **environment):
        """An empty CA with new issuer keys at the same address."""
        self.process.stop()
        self.environment.update(environment)
        self.start()

    @property
    def directory_url(self):
        return f"https://localhost:{self.port}/dir"

    def ask_management(self, path, body=None):
        """A question to the management interface; the answer's octets."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"https://127.0.0.1:{self.management}{path}", data)
        with urllib.request.urlopen(request, context=pki.trusting(self.tls_ca), timeout=5) as answer:
            return answer.read()

    def root(self, path, kind="roots", number=0):
        """Saves the root certificate of what it issues."""
        with open(path, "wb") as f:
            f.write(self.ask_management(f"/{kind}/{number}"))
        return path

    def status_of(self, der):
        """"Valid" or "Revoked": what the CA says of a certificate that it issued."""
        serial = pki.describe(der)["serial"].lower()
        return json.loads(self.ask_management(f"/cert-status-by-serial/{serial}"))["Status"]

    def set_renewal_info(self, der, body):
        """The literal answer to questions for this certificate's renewal information; "" for the CA's own (2.8 and later)."""
        self.ask_management("/set-renewal-info/", {"Certificate": ssl.DER_cert_to_PEM_cert(der), "ARIResponse": body})

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
