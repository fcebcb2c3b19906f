"""A TLS proxy in front of Pebble that writes down what is asked and answered, and can keep an answer back or change it.

Pebble builds its URLs from the Host header, which is passed on as it came, so that all URLs lead through the proxy.
gate() names the n-th good answer to a path; when Pebble has given it the answer is held, and the test decides whether the
client ever sees it. rewrite() lets a test say something else than Pebble did.
"""

import base64
import collections
import http.client
import http.server
import json
import os
import ssl
import threading
import time

import pki


# state: the "status" member of the answer; problem: the last part of its type; asked_at, at: when it was asked and answered,
# monotonic; said_at: the latter by the wall clock; sent: the payload, if it is an object.
Request = collections.namedtuple("Request", "method path status asked_at at said_at retry_after state problem sent")


class Gate:
    """One request whose answer is held."""

    def __init__(self, method, path, nth):
        self.method, self.path, self.nth = method, path, nth
        self.seen = 0
        self.reached = threading.Event()
        self.decided = threading.Event()
        self.deliver = False

    def matches(self, method, path):
        if method != self.method or not path.startswith(self.path):
            return False
        self.seen += 1
        return self.seen == self.nth

    def release(self):
        """The client gets the answer."""
        self.deliver = True
        self.decided.set()

    def drop(self):
        """The client never gets it: its connection is closed."""
        self.decided.set()


class Proxy:
    """Listens on 127.0.0.1:port with Pebble's own certificate."""

    def __init__(self, pebble):
        self.pebble = pebble
        self.gates = []
        self.rewrites = []
        self.requests = []
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(pebble.directory, "pebble.pem"), os.path.join(pebble.directory, "pebble.key"))
        context.set_alpn_protocols(["http/1.1"])
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True)
        self.thread.start()

    @property
    def directory_url(self):
        return f"https://localhost:{self.port}/dir"

    def gate(self, method, path, nth=1):
        gate = Gate(method, path, nth)
        with self.lock:
            self.gates.append(gate)
        return gate

    def rewrite(self, method, path, change):
        """change(body) gives another JSON object instead of the answer's; returns what forget() takes."""
        with self.lock:
            self.rewrites.append((method, path, change))
            return self.rewrites[-1]

    def forget(self, rewrite):
        with self.lock:
            self.rewrites.remove(rewrite)

    def begin(self):
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def end(self):
        with self.lock:
            self.in_flight -= 1

    def changed(self, method, path, status, answer):
        """What the client shall get for a good answer."""
        with self.lock:
            change = next((c for m, p, c in self.rewrites if m == method and path.startswith(p)), None)
        if change is None or status >= 400:
            return answer
        return json.dumps(change(json.loads(answer))).encode()

    def note(self, method, path, status, asked_at, retry_after, answer, body):
        """Writes down a request that Pebble has answered; the gate it runs into, if any."""
        said = _object(answer)
        request = Request(method, path, status, asked_at, time.monotonic(), time.time(), retry_after, said.get("status"),
                          said.get("type", "").rpartition(":")[2], _payload(body))
        with self.lock:
            self.requests.append(request)
            return next((g for g in self.gates if status < 400 and g.matches(method, path)), None)

    def asked(self, method, path):
        """The requests that the CA took, in order."""
        with self.lock:
            return [r for r in self.requests if r.method == method and r.path.startswith(path) and r.status < 400]

    def refused(self):
        """The requests that it did not take."""
        with self.lock:
            return [r for r in self.requests if r.status >= 400]

    def count(self, method, path):
        return len(self.asked(method, path))

    def open_gates(self):
        with self.lock:
            gates, self.gates = self.gates, []
        for gate in gates:
            gate.drop()

    def stop(self):
        self.open_gates()
        self.server.shutdown()
        self.server.server_close()


def _object(text):
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _payload(body):
    """What a signed request says."""
    payload = _object(body).get("payload")
    return _object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) if payload else {}


HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def _handler(proxy):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        backend = None

        def _forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked_at = time.monotonic()
            proxy.begin()
            try:
                status, headers, answer = self._ask(body)
            finally:
                proxy.end()
            answer = proxy.changed(self.command, self.path, status, answer)
            retry_after = next((v for k, v in headers if k.lower() == "retry-after"), None)
            gate = proxy.note(self.command, self.path, status, asked_at, retry_after, answer, body)
            if gate:
                gate.reached.set()
                gate.decided.wait(120)
                if not gate.deliver:
                    self.close_connection = True
                    return
            self.send_response_only(status)
            for key, value in headers:
                if key.lower() not in HOP_BY_HOP:
                    self.send_header(key, value)
            if self.command != "HEAD" and status != 204:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        def _ask(self, body):
            if self.backend is None:
                context = pki.trusting(proxy.pebble.tls_ca)
                self.backend = http.client.HTTPSConnection("127.0.0.1", proxy.pebble.port, context=context, timeout=30)
            self.backend.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for key, value in self.headers.items():
                if key.lower() not in ("connection", "expect"):
                    self.backend.putheader(key, value)
            self.backend.endheaders(body or None)
            answer = self.backend.getresponse()
            return answer.status, answer.getheaders(), answer.read()

        do_GET = do_HEAD = do_POST = _forward

        def log_message(self, *args):
            pass

        def handle(self):
            try:
                super().handle()
            except (OSError, ssl.SSLError, http.client.HTTPException):
                pass
            finally:
                if self.backend:
                    self.backend.close()

    return Handler
