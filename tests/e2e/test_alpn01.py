"""TLS-ALPN-01: renewd's own listener, proxies that route by ALPN, and what strangers on port 443 get."""

import contextlib
import os
import socket
import ssl
import threading

import harness
import pki
import proxies
from process import free_port, wait_until

ALPN = "Challenge=tls-alpn-01\n"


class AlpnCase(harness.Case):
    pebble_options = {"nonce_reject": 0}

    def listen(self, *where):
        """Nothing but TLS listens, so that nothing else can be what the CA was shown."""
        lines = "".join(f"Listen={w}\n" for w in where or (f"127.0.0.1:{self.tls_port}",))
        self.configure(listen="", more="[TLS]\n" + lines)

    def issued(self, name):
        self.assertIsNotNone(self.renewd.live_leaf(name), self.renewd.tail())


class OwnListener(AlpnCase):
    """The CA comes to renewd itself."""

    def test_name(self):
        """TLS-ALPN-01 by renewd's own listener, RSA as well (Z-06)"""
        self.listen()
        self.renewd.certificate("own.example.org", ALPN + "KeyType=rsa-2048\n", names="own.example.org more.example.org")
        self.renewd.once(check=0)
        self.issued("own.example.org")

    def test_long_name(self):
        """a name of more than 64 octets (R2.6.3)"""
        name = "a" * 63 + "." + "b" * 63 + ".example.org"
        self.listen()
        self.renewd.certificate("long.example.org", ALPN, names=name)
        self.renewd.once(check=0)
        self.issued("long.example.org")

    def test_address(self):
        """an IP address by its reverse name, by TLS-ALPN-01 and in the certificate as such (M-06, N-03, Z-06)"""
        self.listen()
        self.renewd.certificate("address", ALPN, names="127.0.0.1")
        self.renewd.once(check=0)
        self.issued("address")
        self.assertIn("IP Address:127.0.0.1", pki.text_of(self.renewd.live_leaf("address")))

    def test_address6(self):
        """an IPv6 address however it is written (N-01), together with a name"""
        self.listen(f"127.0.0.1:{self.tls_port}", f"[::1]:{self.tls_port}")
        self.renewd.certificate("address6", ALPN, names="0:0:0:0:0:0:0:1 six.example.org")
        self.renewd.once(check=0)
        self.issued("address6")
        self.assertIn("IP Address:0:0:0:0:0:0:0:1", pki.text_of(self.renewd.live_leaf("address6")))

    def test_address_http(self):
        """an IP address by HTTP-01: Host is the literal (N-02)"""
        self.configure()
        self.renewd.certificate("literal", "Challenge=http-01\n", names="127.0.0.1")
        self.renewd.once(check=0)
        self.assertIn("IP Address:127.0.0.1", pki.text_of(self.renewd.live_leaf("literal")))

    def test_no_listener(self):
        """without a TLS listener it says what to do"""
        self.configure(listen="")
        self.renewd.certificate("deaf.example.org", ALPN)
        done = self.renewd.once(check=1)
        self.assertIn("renewd-https.socket", done.stdout)
        self.assertIsNone(self.renewd.live_leaf("deaf.example.org"))


class Routed(AlpnCase):
    """A site keeps its port; a proxy before it routes by ALPN."""

    def behind(self, kind, name, options=""):
        site = self.nginx(name)
        inner = free_port()
        proxy = kind(os.path.join(self.directory, "proxy"), self.tls_port, inner, site.port, options)
        self.addCleanup(proxy.stop)
        self.listen(f"127.0.0.1:{inner}")
        self.renewd.certificate(name, ALPN + self.target(site))
        before = pki.served_leaf(self.tls_port, name)
        self.assertEqual(before, site.serves())
        self.renewd.once(check=0)
        self.issued(name)
        # nginx keeps its old workers, and who is behind it a connection to them, for a moment after the reload.
        wait_until(lambda: pki.served_leaf(self.tls_port, name) == self.renewd.live_leaf(name), 10,
                   "the site serves its new certificate through the proxy")
        self.assertNotEqual(before, self.renewd.live_leaf(name))

    def test_haproxy(self):
        """behind HAProxy in tcp mode, the site goes on being served"""
        self.behind(proxies.HaProxy, "haproxy.example.org")

    def test_haproxy_v1(self):
        """behind HAProxy with send-proxy"""
        self.behind(proxies.HaProxy, "haproxy1.example.org", "send-proxy")

    def test_haproxy_v2(self):
        """behind HAProxy with send-proxy-v2 and its options"""
        self.behind(proxies.HaProxy, "haproxy2.example.org", "send-proxy-v2 proxy-v2-options crc32c,unique-id")

    def test_nginx(self):
        """behind nginx stream, the site goes on being served"""
        self.behind(proxies.NginxStream, "stream.example.org")


class Gate:
    """Stands before renewd and lets nobody pass until it is opened."""

    def __init__(self, port, inner):
        self.inner = inner
        self.came, self.open = threading.Event(), threading.Event()
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                outer, _ = self.listener.accept()
                threading.Thread(target=self.carry, args=(outer,), daemon=True).start()

    def carry(self, outer):
        self.came.set()
        self.open.wait(20)
        with outer, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.inner), 5) as inner:
            back = threading.Thread(target=self.copy, args=(inner, outer), daemon=True)
            back.start()
            self.copy(outer, inner)
            back.join(5)

    @staticmethod
    def copy(source, sink):
        with contextlib.suppress(OSError):
            while octets := source.recv(4096):
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)

    def close(self):
        self.open.set()
        self.listener.close()


class Strangers(AlpnCase):
    """Who is not the CA."""

    def shake(self, alpn, name, version=None, port=None):
        """The protocol and certificate, or None: refused by an alert."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(alpn)
        if version:
            context.maximum_version = version
        try:
            with socket.create_connection(("127.0.0.1", port or self.tls_port), 5) as raw:
                with context.wrap_socket(raw, server_hostname=name) as tls:
                    return tls.selected_alpn_protocol(), tls.getpeercert(binary_form=True)
        except ssl.SSLError as e:
            self.assertNotIsInstance(e, ssl.SSLEOFError, "closed without an alert")
            return None

    def refused(self, name, port):
        for alpn, server in ((None, name), (["h2", "http/1.1"], name), (["acme-tls/1", "h2"], name), (["h2", "acme-tls/1"], name),
                             (["acme-tls/1"], None), (["acme-tls/1"], "stranger.example.org")):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                self.assertIsNone(self.shake(alpn, server, version, port), f"{alpn} {server}: shown a certificate")

    def test_refused(self):
        """other ALPN lists, no SNI, other SNI: an alert, while a name is being validated and afterwards (M-02)"""
        name, inner = "held.example.org", free_port()
        gate = Gate(self.tls_port, inner)
        self.addCleanup(gate.close)
        self.listen(f"127.0.0.1:{inner}")
        self.renewd.certificate(name, ALPN)
        self.renewd.start()
        self.assertTrue(gate.came.wait(60), self.renewd.tail())
        protocol, leaf = self.shake(["acme-tls/1"], name, port=inner)
        self.assertEqual(protocol, "acme-tls/1")
        self.assertRegex(pki.text_of(leaf), r"1\.3\.6\.1\.5\.5\.7\.1\.31: critical")
        self.refused(name, inner)
        gate.open.set()
        wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: "it is live\n" + self.renewd.tail())
        self.refused(name, inner)
        self.assertIsNotNone(self.shake(["acme-tls/1"], name, port=inner), "another perspective is answered, too (J-13)")
        wait_until(lambda: self.shake(["acme-tls/1"], name, port=inner) is None, 40, "nothing is shown afterwards")

    def test_crowd(self):
        """600 connections that say nothing or half a handshake do not keep the CA out (R2.6.1)"""
        name = "crowd.example.org"
        self.listen()
        self.renewd.start()
        held = []
        try:
            for i in range(600):
                held.append(socket.create_connection(("127.0.0.1", self.tls_port), 5))
                if i % 2:
                    held[-1].sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01")
            self.renewd.certificate(name, ALPN)
            self.renewd.reload()
            wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: f"{name} is live\n" + self.renewd.tail())
        finally:
            for connection in held:
                connection.close()

    def test_slow(self):
        """a handshake that trickles is ended within three seconds (R2.6.1)"""
        self.listen()
        self.renewd.start()
        with socket.create_connection(("127.0.0.1", self.tls_port), 5) as connection:
            connection.settimeout(0.1)
            sent = iter(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(400))

            def ended():
                try:
                    connection.sendall(bytes([next(sent)]))
                    return connection.recv(1) == b""
                except TimeoutError:
                    return False
                except OSError:
                    return True
            wait_until(ended, 3, "it is ended", 0.05)


if __name__ == "__main__":
    harness.main()
