"""The listener: TCP, TLS, and one thread per connection."""

import contextlib
import os
import socket
import ssl
import struct
import threading

import http1
import http2
from clock import Over


class Connection:
    """One client. What it does beside receiving counts as work of the CA (clock.py)."""

    def __init__(self, server, raw):
        self.server, self.raw, self.tls = server, raw, None
        self.number = server.count
        self.reset_done = False

    def receive(self):
        with self.server.clock.idle():
            try:
                return self.tls.recv(65536)
            except (OSError, ValueError):
                return b""

    def send(self, data):
        self.tls.sendall(data)

    def gone(self):
        """The client has hung up: its end of the connection is readable and empty."""
        try:
            return self._fd().recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _fd(self):
        return socket.socket(fileno=os.dup((self.tls or self.raw).fileno()))

    def sleep(self, seconds):
        self.server.clock.sleep(seconds, self.gone)

    def reset(self):
        """RST instead of FIN."""
        with contextlib.suppress(OSError):
            (self.tls or self.raw).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        """FIN without close_notify."""
        with contextlib.suppress(OSError):
            (self.tls or self.raw).close()

    def half_close(self):
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.tls, socket.SHUT_WR)


class Server:
    """Listens on 127.0.0.1 with a certificate of `identity` (tls.py). The script says what else happens."""

    def __init__(self, identity, clock, handler):
        self.identity, self.clock, self.handler = identity, clock, handler
        self.bundle = identity.bundle
        self.context = self.make_context(identity.good)
        self.lock = threading.Lock()
        self.listener, self.port, self.count = None, 0, 0
        self.open()

    def make_context(self, file):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def open(self):
        """Listens, at the same port as before."""
        with self.lock:
            if self.listener:
                return
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", self.port))
            s.listen(64)
            self.port = s.getsockname()[1]
            self.listener = s
        threading.Thread(target=self._accept, args=(s,), daemon=True).start()

    def shut(self):
        """Nobody listens any more: connections are refused."""
        with self.lock:
            listener, self.listener = self.listener, None
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener):
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.count += 1
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw):
        connection = Connection(self, raw)
        with self.clock.busy(), contextlib.suppress(OSError, ssl.SSLError, Over, ValueError):
            try:
                script = self.handler.script
                if script.connect(connection) is False:
                    return
                context = script.context(self) or self.context
                context.set_alpn_protocols(script.protocols())
                connection.tls = context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=True)
                chosen = connection.tls.selected_alpn_protocol()
                (http2 if chosen == "h2" else http1).serve(connection, self.handler.respond)
            finally:
                connection.close()
