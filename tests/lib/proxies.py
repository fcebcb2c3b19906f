"""Proxies on port 443 that tell a CA's validation from everybody else by ALPN, and decipher neither."""

import os

import webserver
from harness import CACHE
from process import Process, port_answers, wait_until

HAPROXY = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend https
    bind 127.0.0.1:{port}
    tcp-request inspect-delay 5s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    use_backend renewd if {{ req.ssl_alpn -m str acme-tls/1 }}
    default_backend site
backend renewd
    server renewd 127.0.0.1:{renewd} {renewd_options}
backend site
    server site 127.0.0.1:{site}
"""
NGINX = """\
load_module {module};
user root;
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log notice;
events {{ worker_connections 64; }}
stream {{
    map $ssl_preread_alpn_protocols $to {{ acme-tls/1 127.0.0.1:{renewd}; default 127.0.0.1:{site}; }}
    server {{ listen 127.0.0.1:{port}; ssl_preread on; proxy_pass $to; {options} }}
}}
"""


class _Proxy:
    def __init__(self, directory, port):
        self.directory = directory
        self.port = port
        self.process = None
        os.makedirs(directory, exist_ok=True)

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self, argv, libraries):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": libraries}
        self.process = Process(argv, os.path.join(self.directory, "proxy.log"), env=environment)
        wait_until(lambda: port_answers(self.port), 10, lambda: "the proxy answers\n" + self.process.output())

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


class HaProxy(_Proxy):
    """options: of the server line, e.g. send-proxy-v2."""

    def __init__(self, directory, port, renewd, site, options=""):
        super().__init__(directory, port)
        program, libraries = webserver.unpack(os.path.join(CACHE, "haproxy-package"), ["haproxy"])
        config = self.write("haproxy.cfg", HAPROXY.format(port=port, renewd=renewd, site=site, renewd_options=options))
        self.start([program, "-db", "-f", config], libraries)


class NginxStream(_Proxy):
    """options: of the server, e.g. proxy_protocol on;"""

    def __init__(self, directory, port, renewd, site, options=""):
        super().__init__(directory, port)
        package = os.path.join(CACHE, "nginx-stream-package")
        program, libraries = webserver.unpack(package, ["nginx", "libnginx-mod-stream"])
        module = os.path.join(package, "usr/lib/nginx/modules/ngx_stream_module.so")
        config = self.write("nginx.conf", NGINX.format(module=module, directory=directory, port=port, renewd=renewd, site=site,
                                                       options=options))
        self.start([program, "-p", directory, "-c", config, "-e", os.path.join(directory, "error.log")], libraries)
