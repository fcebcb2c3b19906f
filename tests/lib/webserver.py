"""nginx, unpacked from its Debian package instead of installed: the package would start a server on port 80."""

import fcntl
import glob
import os
import re
import shutil
import subprocess

import pki
from process import Process, children, port_answers, run, wait_until

# The libraries of Debian's nginx and HAProxy, by soname, for a machine that lacks one.
LIBRARIES = {
    "libcrypt.so.1": ["libcrypt1"],
    "libpcre2-8.so.0": ["libpcre2-8-0"],
    "libssl.so.3": ["libssl3t64", "libssl3"],
    "libcrypto.so.3": ["libssl3t64", "libssl3"],
    "libz.so.1": ["zlib1g"],
    "liblua5.3.so.0": ["liblua5.3-0"],
    "liblua5.4.so.0": ["liblua5.4-0"],
    "libopentracing-c-wrapper.so.0": ["libopentracing-c-wrapper0", "libopentracing-c-wrapper0t64"],
    "libopentracing.so.1": ["libopentracing1"],
    "libstdc++.so.6": ["libstdc++6"],
    "libgcc_s.so.1": ["libgcc-s1"],
    "libsystemd.so.0": ["libsystemd0"],
    "libcap.so.2": ["libcap2"],
    "libgcrypt.so.20": ["libgcrypt20"],
    "libgpg-error.so.0": ["libgpg-error0"],
    "libapr-1.so.0": ["libapr1t64", "libapr1"],
    "libaprutil-1.so.0": ["libaprutil1t64", "libaprutil1"],
    "libuuid.so.1": ["libuuid1"],
    "libexpat.so.1": ["libexpat1"],
    "libdb-5.3.so": ["libdb5.3t64", "libdb5.3"],
    "libxxhash.so.0": ["libxxhash0"],
    "libnettle.so.8": ["libnettle8t64", "libnettle8"],
    "libunwind.so.8": ["libunwind8"],
    "liblzma.so.5": ["liblzma5"],
    "libwrap.so.0": ["libwrap0"],
}


def unpack(directory, packages=("nginx",), name=None):
    """Unpacks packages below directory (once). The program of the first one, by its name, and the library path it needs."""
    name = name or packages[0]
    program = os.path.normpath(os.path.join(directory, "usr/sbin", name))
    # Several tests begin at once; one of them unpacks.
    with open(directory + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(program):
            _unpack_anew(directory, packages, name)
    return program, _library_path(directory)


def _unpack_anew(directory, packages, name):
    scratch = directory + ".new"
    shutil.rmtree(scratch, ignore_errors=True)
    os.makedirs(scratch)
    for package in packages:
        _download(scratch, [package])
    # Libraries may lack others in turn.
    while missing := _missing_libraries(os.path.normpath(os.path.join(scratch, "usr/sbin", name)), scratch):
        for library in missing:
            _download(scratch, LIBRARIES[library])
    shutil.rmtree(directory, ignore_errors=True)
    os.rename(scratch, directory)


def _download(directory, alternatives):
    for name in alternatives:
        done = subprocess.run(["apt-get", "-q", "download", name], cwd=directory, capture_output=True, text=True)
        if done.returncode != 0:
            # Package lists that are too old name a version that the mirror no longer has.
            run(["apt-get", "-q", "update"], check=False, timeout=300)
            done = subprocess.run(["apt-get", "-q", "download", name], cwd=directory, capture_output=True, text=True)
        packages = glob.glob(os.path.join(directory, "*.deb"))
        if done.returncode == 0 and packages:
            for package in packages:
                run(["dpkg", "-x", package, directory])
                os.unlink(package)
            return
    raise AssertionError(f"cannot download {' or '.join(alternatives)}: {done.stderr}")


def _library_path(directory):
    return ":".join(sorted({os.path.dirname(p) for p in glob.glob(os.path.join(directory, "**/*.so.*"), recursive=True)}))


def _missing_libraries(program, directory):
    environment = {**os.environ, "LD_LIBRARY_PATH": _library_path(directory)}
    return set(re.findall(r"(\S+) => not found", run(["ldd", program], check=False, env=environment).stdout))


CONFIGURATION = """\
user {user};
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log notice;
events {{ worker_connections 256; }}
http {{
    access_log {directory}/access.log;
    client_body_temp_path {directory}/tmp/body;
    proxy_temp_path {directory}/tmp/proxy;
    fastcgi_temp_path {directory}/tmp/fastcgi;
    uwsgi_temp_path {directory}/tmp/uwsgi;
    scgi_temp_path {directory}/tmp/scgi;
{servers}
}}
"""

TLS_SERVER = """\
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {names};
        ssl_certificate {cert};
        ssl_certificate_key {key};
{more}        location / {{ return 200 "{names}\\n"; }}
    }}
"""


class Nginx:
    """A server on 127.0.0.1:port that shows directory/ssl/NAME.crt; it begins with a certificate nobody issued."""

    def __init__(self, unpacked, directory, port, name, http="", user="root"):
        self.program, self.libraries = unpacked
        self.directory = directory
        self.port = port
        self.name = name
        self.cert = os.path.join(directory, "ssl", f"{name}.crt")
        self.key = os.path.join(directory, "ssl", f"{name}.key")
        self.rsa_cert = os.path.join(directory, "ssl", f"{name}.rsa.crt")  # of a second pair
        self.rsa_key = os.path.join(directory, "ssl", f"{name}.rsa.key")
        self.config = os.path.join(directory, "nginx.conf")
        self.process = None
        for sub in ("ssl", "tmp"):
            os.makedirs(os.path.join(directory, sub), exist_ok=True)
        pki.make_self_signed(self.cert, self.key, "nobody.invalid")
        self.write_config(http, user)

    def write_config(self, http="", user="root", second_pair=False):
        more = f"        ssl_certificate {self.rsa_cert};\n        ssl_certificate_key {self.rsa_key};\n" if second_pair else ""
        servers = http + TLS_SERVER.format(port=self.port, names=self.name, cert=self.cert, key=self.key, more=more)
        with open(self.config, "w") as f:
            f.write(CONFIGURATION.format(user=user, directory=self.directory, servers=servers))

    def argv(self, *more):
        return [self.program, "-p", self.directory, "-c", self.config, "-e", os.path.join(self.directory, "error.log"), *more]

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": self.libraries}

    def start(self):
        self.process = Process(self.argv(), os.path.join(self.directory, "nginx.log"), env=self.environment())
        wait_until(lambda: port_answers(self.port), 10, lambda: "nginx answers\n" + self.process.output())
        return self

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def write_hook(self, path):
        """A program for Hook=: tells this nginx to read its files again."""
        with open(path, "w") as f:
            f.write("#!/bin/sh\nset -e\n")
            f.write(f"export LD_LIBRARY_PATH='{self.libraries}'\n" if self.libraries else "")
            command = " ".join(f"'{a}'" for a in self.argv())
            f.write(f"{command} -t\n# A server that is down reads its files when it starts.\n"
                    f"[ -s '{self.directory}/nginx.pid' ] || exit 0\n")
            f.write(f"exec {command} -s reload\n")
        os.chmod(path, 0o755)
        return path

    def serves(self):
        """The leaf in its handshake, DER."""
        return pki.served_leaf(self.port, self.name)

    def settled(self):
        """Its one worker is the only one: none from before a reload still accepts beside it."""
        return len(children(self.process.pid)) == 1
