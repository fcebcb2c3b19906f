"""tls-alpn-01, for names and addresses, with an ear between the CA and renewd."""

import socket
import ssl
import threading

import acme_case
from process import free_port, wait_until


def extensions(hello):
    """The extensions of a ClientHello record: type → octets."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at]
    end, found = at + 2 + int.from_bytes(hello[at:at + 2], "big"), {}
    at += 2
    while at < end:
        kind, size = int.from_bytes(hello[at:at + 2], "big"), int.from_bytes(hello[at + 2:at + 4], "big")
        found[kind] = hello[at + 4:at + 4 + size]
        at += 4 + size
    return found


def server_name(hello):
    return extensions(hello)[0][5:].decode()


def protocols(hello):
    data, found = extensions(hello)[16][2:], []
    while data:
        found.append(data[1:1 + data[0]].decode())
        data = data[1 + data[0]:]
    return found


class Ear:
    """Passes connections on to the port `to`, and keeps the first record of each."""

    def __init__(self):
        self.to = None
        self.hellos = []
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client):
        with client:
            first = client.recv(16384)
            if not first:
                return
            self.hellos.append(first)
            with socket.create_connection(("127.0.0.1", self.to)) as server:
                server.sendall(first)
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join(10)

    def stop(self):
        self.listener.close()


def _copy(source, sink):
    try:
        while data := source.recv(16384):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Alpn(acme_case.AcmeCase):
    """The CA asks on the TLS port only."""

    @classmethod
    def setUpClass(cls):
        cls.ear = Ear()
        cls.pebble_options = {"tls_port": cls.ear.port}
        super().setUpClass()
        cls.ear.to = cls.tls_port

    @classmethod
    def tearDownClass(cls):
        cls.ear.stop()
        super().tearDownClass()

    def begin(self, name, names):
        self.configure(listen="", more=f"[TLS]\nListen=127.0.0.1:{self.tls_port}\n")
        self.renewd.certificate(name, "Challenge=tls-alpn-01\n", names=names)
        self.ear.hellos.clear()

    def test_names(self):
        """Z-06: tls-alpn-01 for DNS names: the CA offers acme-tls/1 alone, and all others are turned away"""
        name = "alpn.example.org"
        self.begin(name, f"{name} www.{name}")
        self.renewd.start()
        self.wait_live(name)
        self.check_chain(name)
        self.assertEqual({tuple(protocols(h)) for h in self.ear.hellos}, {("acme-tls/1",)})
        self.assertEqual({server_name(h) for h in self.ear.hellos}, {name, f"www.{name}"})
        for offered in (["http/1.1"], None):
            with self.subTest(offered=offered):
                self.assertTrue(self.turned_away(name, offered))
        # Other perspectives of the CA may still ask for half a minute (J-13).
        wait_until(lambda: self.turned_away(name, ["acme-tls/1"]), 90, "acme-tls/1 is turned away")

    def turned_away(self, name, offered):
        try:
            self.handshake(name, offered)
        except (ssl.SSLError, ConnectionResetError):
            return True
        return False

    def test_address(self):
        """Z-06: tls-alpn-01 for an address: the server name is the reverse name, the certificate is for the address"""
        name = "address"
        self.begin(name, "127.0.0.1")
        self.renewd.start()
        self.wait_live(name)
        self.check_chain(name)
        self.assertEqual({server_name(h) for h in self.ear.hellos}, {"1.0.0.127.in-addr.arpa"})
        self.assertEqual({tuple(protocols(h)) for h in self.ear.hellos}, {("acme-tls/1",)})
        self.assertEqual(self.renewd.show(name)["names"], ["127.0.0.1"])

    def handshake(self, name, offered):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if offered:
            context.set_alpn_protocols(offered)
        with socket.create_connection(("127.0.0.1", self.tls_port), 5) as raw, context.wrap_socket(raw, server_hostname=name):
            pass


if __name__ == "__main__":
    acme_case.main()
