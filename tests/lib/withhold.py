"""A TLS proxy in front of Pebble that can keep an answer back.

It rewrites nothing: Pebble builds its URLs from the Host header, which is passed on as it came, so that all URLs lead
through the proxy. gate() names the n-th request to a path; when Pebble has answered it the answer is held, and the test
decides whether the client ever sees it.
"""

import http.client
import http.server
import os
import ssl
import threading

import pki


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
        self.requests = []
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

    def note(self, method, path, status):
        """Writes down a request that Pebble has answered; the gate it runs into, if any."""
        with self.lock:
            self.requests.append((method, path, status))
            return next((g for g in self.gates if g.matches(method, path)), None)

    def count(self, method, path):
        with self.lock:
            return sum(1 for m, p, s in self.requests if m == method and p.startswith(path) and s < 400)

    def open_gates(self):
        with self.lock:
            gates, self.gates = self.gates, []
        for gate in gates:
            gate.drop()

    def stop(self):
        self.open_gates()
        self.server.shutdown()
        self.server.server_close()


HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def _handler(proxy):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        backend = None

        def _forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, answer = self._ask(body)
            gate = proxy.note(self.command, self.path, status)
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
