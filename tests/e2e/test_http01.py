"""HTTP-01: three ways in, none of which stops a web server, and what the listener says to everybody else."""

import http.client
import os
import socket

import harness
from process import wait_until

PROXY = """\
    server {{
        listen 127.0.0.1:{port};
        location /.well-known/acme-challenge/ {{
            proxy_pass http://unix:{socket};
            proxy_set_header Host $host;
        }}
    }}
"""
ALIAS = """\
    server {{
        listen 127.0.0.1:{port};
        location /.well-known/acme-challenge/ {{
            alias {directory}/;
            default_type text/plain;
        }}
    }}
"""


class ThreeWays(harness.Case):
    """Own listener, proxied unix socket, aliased directory."""

    pebble_options = {"nonce_reject": 0}

    def test_own_listener(self):
        """HTTP-01 by renewd's own listener"""
        self.configure()
        self.renewd.certificate("own.example.org", "")
        self.renewd.once(check=0)

    def test_proxy(self):
        """HTTP-01 by a unix socket that nginx proxies to"""
        path = os.path.join(self.renewd.runtime, "http")
        self.nginx("proxy.example.org", PROXY.format(port=self.http_port, socket=path))
        self.configure(listen=path)
        self.renewd.certificate("proxy.example.org", "")
        self.renewd.once(check=0)

    def test_alias(self):
        """HTTP-01 by a directory that nginx maps, left empty afterwards"""
        directory = os.path.join(self.renewd.runtime, "challenges")
        self.nginx("alias.example.org", ALIAS.format(port=self.http_port, directory=directory))
        self.configure(listen="", more=f"[HTTP]\nChallengeDirectory={directory}\n")
        self.renewd.certificate("alias.example.org", "")
        self.renewd.once(check=0)
        self.assertEqual(os.listdir(directory), [])


class Listener(harness.Case):
    """What strangers on port 80 get."""

    pebble_options = {"nonce_reject": 0}

    def ask(self, method, path, host="stranger.example.org"):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=5)
        connection.request(method, path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()

    def test_not_found(self):
        """whatever is asked, the same 404; HEAD without a body"""
        self.configure()
        self.renewd.start()
        for path in ("/", "/../etc/passwd", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/none"):
            status, headers, body = self.ask("GET", path)
            self.assertEqual(status, 404, path)
            self.assertEqual(int(headers["content-length"]), len(body), path)
        bodies = {self.ask("GET", path)[2] for path in ("/a", "/b?c=d")}
        self.assertEqual(len(bodies), 1)
        status, headers, body = self.ask("HEAD", "/")
        self.assertEqual((status, body), (404, b""))
        self.assertNotIn("server", headers)

    def test_redirect(self):
        """RedirectToHTTPS=yes: 301 to https with the same host and path, but a challenge is answered"""
        self.configure(more="[HTTP]\nRedirectToHTTPS=yes\n")
        self.renewd.certificate("redirect.example.org", "")
        self.renewd.start()
        status, headers, _ = self.ask("GET", "/shop?item=1", "redirect.example.org")
        self.assertEqual((status, headers.get("location")), (301, "https://redirect.example.org/shop?item=1"))
        self.renewd.ctl("renew", "redirect.example.org", "--wait")
        self.assertIsNotNone(self.renewd.live_leaf("redirect.example.org"))

    def test_silent_strangers(self):
        """strangers who hold all slots and say nothing do not keep the CA out"""
        self.configure()
        self.renewd.start()
        held = []
        try:
            for _ in range(300):
                held.append(socket.create_connection(("127.0.0.1", self.http_port), 5))
            self.assertEqual(self.ask("GET", "/")[0], 404)
            self.renewd.certificate("crowd.example.org", "")
            self.renewd.reload()
            self.assertTrue(self.wait_live("crowd.example.org"))
        finally:
            for connection in held:
                connection.close()

    def wait_live(self, name):
        return wait_until(lambda: self.renewd.live_leaf(name), 60, lambda: f"{name} is live\n" + self.renewd.tail())


if __name__ == "__main__":
    harness.main()
