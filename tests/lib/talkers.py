"""Servers that speak before TLS, from their Debian packages on loopback: unpacked, not installed, and seen in /usr by their own
processes only. Each is told its certificate; nothing else of it is of interest."""

import fcntl
import glob
import os
import pwd
import re
import shutil
import subprocess

from process import Process, free_port, port_answers, wait_until

# A mount namespace in which the packages lie over /usr, and users of ours exist.
ENTER = """\
mount --make-rprivate / &&
mount -t overlay overlay -o lowerdir="$1/usr:/usr" /usr &&
mount --bind "$2/passwd" /etc/passwd && mount --bind "$2/group" /etc/group && shift 2 && exec "$@"
"""
USERS = ("postfix", "dovecot", "dovenull", "postgres", "mysql", "prosody")


def unpack(cache, name, packages):
    """The directory with these packages and what they need besides what is here."""
    directory = os.path.join(cache, "servers", name)
    os.makedirs(os.path.dirname(directory), exist_ok=True)
    with open(directory + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(directory):
            scratch = directory + ".new"
            shutil.rmtree(scratch, ignore_errors=True)
            os.makedirs(scratch)
            plan = subprocess.run(["apt-get", "-s", "install", "--no-install-recommends", *packages], check=True, capture_output=True,
                                  text=True).stdout
            wanted = re.findall(r"^Inst (\S+)", plan, re.MULTILINE) or list(packages)
            subprocess.run(["apt-get", "-q", "download", *wanted], cwd=scratch, check=True, capture_output=True)
            for deb in glob.glob(os.path.join(scratch, "*.deb")):
                subprocess.run(["dpkg", "-x", deb, scratch], check=True, capture_output=True)
                os.remove(deb)
            os.rename(scratch, directory)
    return directory


class Server:
    """One of them; subclasses say what it needs. ports: protocol → port."""

    packages = ()
    protocols = ()
    user = "root"

    def __init__(self, cache, directory, cert, key):
        self.root = unpack(cache, type(self).__name__.lower(), self.packages)
        self.directory, self.cert, self.key = directory, cert, key
        os.makedirs(directory, exist_ok=True)
        self.ports = {p: free_port() for p in self.protocols}
        self._users()
        self.process = Process(self.enter(self.prepare()), os.path.join(directory, "log"))

    def _users(self):
        """The machine's users and those of the packages, which have no rights anywhere else."""
        known = {u.pw_name for u in pwd.getpwall()}
        added = [(name, 64800 + i) for i, name in enumerate(USERS) if name not in known]
        with open("/etc/passwd") as old, open(os.path.join(self.directory, "passwd"), "w") as new:
            new.write(old.read() + "".join(f"{n}:x:{i}:{i}::/nonexistent:/bin/false\n" for n, i in added))
        with open("/etc/group") as old, open(os.path.join(self.directory, "group"), "w") as new:
            new.write(old.read() + "".join(f"{n}:x:{i}:\n" for n, i in added) + "postdrop:x:64899:\n")

    def uid(self, user=None):
        with open(os.path.join(self.directory, "passwd")) as f:
            return next(int(line.split(":")[2]) for line in f if line.startswith((user or self.user) + ":"))

    def enter(self, argv):
        if self.user != "root":
            argv = ["setpriv", f"--reuid={self.uid()}", "--clear-groups", *argv]
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", ENTER, "sh", self.root, self.directory, *argv]

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def run(self, *argv):
        done = subprocess.run(self.enter(list(argv)), capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(argv)}: {done.stdout}{done.stderr}")

    def own(self, name):
        path = os.path.join(self.directory, name)
        os.makedirs(path, 0o700, exist_ok=True)
        os.chown(path, self.uid(), -1)
        return path

    def wait(self):
        for port in self.ports.values():
            wait_until(lambda port=port: port_answers(port), 60, f"{type(self).__name__} answers at {port}")

    def stop(self):
        self.process.stop()


class Dovecot(Server):
    packages = ("dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd", "dovecot-managesieved")
    protocols = ("imap", "pop3", "lmtp", "sieve")

    def prepare(self):
        passdb = "static {\n  password = x\n}"
        if self.is_old():
            passdb = "{\n  driver = static\n  args = password=x\n}"
            head = f"ssl_cert = <{self.cert}\nssl_key = <{self.key}\nmail_location = mbox:{self.directory}/mail\n"
        else:
            head = ("dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\nmail_driver = mbox\n"
                    f"mail_path = {self.directory}/mail\nssl_server_cert_file = {self.cert}\nssl_server_key_file = {self.key}\n")
        login = "".join(f"service {service}-login {{\n  inet_listener {name} {{\n    port = {self.ports[name]}\n  }}\n"
                        f"  inet_listener {name}s {{\n    port = 0\n  }}\n}}\n"
                        for service, name in (("imap", "imap"), ("pop3", "pop3"), ("managesieve", "sieve")))
        return ["/usr/sbin/dovecot", "-F", "-c", self.write("dovecot.conf", head + f"""\
protocols = imap pop3 lmtp sieve
base_dir = {self.directory}/run
log_path = {self.directory}/dovecot.log
auth_mechanisms = plain
passdb {passdb}
listen = 127.0.0.1
ssl = yes
service lmtp {{
  inet_listener lmtp {{
    port = {self.ports['lmtp']}
  }}
}}
""" + login)]

    def is_old(self):
        """2.3 has another syntax than 2.4."""
        done = subprocess.run(self.enter(["/usr/sbin/dovecot", "--version"]), capture_output=True, text=True)
        return done.stdout.startswith("2.3")


class Postfix(Server):
    packages = ("postfix",)
    protocols = ("smtp",)
    user = "root"

    def prepare(self):
        uid = self.uid("postfix")
        for name in ("queue", "data"):
            os.makedirs(os.path.join(self.directory, "etc", name), exist_ok=True)
        os.chown(os.path.join(self.directory, "etc/data"), uid, uid)
        shutil.copy(f"{self.root}/etc/postfix/postfix-files", os.path.join(self.directory, "etc"))
        self.write("etc/main.cf", f"""\
compatibility_level = 3.6
queue_directory = {self.directory}/etc/queue
data_directory = {self.directory}/etc/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = {self.directory}/etc
config_directory = {self.directory}/etc
inet_interfaces = 127.0.0.1
mydestination =
maillog_file = {self.directory}/mail.log
maillog_file_prefixes = /var, {self.directory}
alias_maps =
smtpd_tls_security_level = may
smtpd_tls_cert_file = {self.cert}
smtpd_tls_key_file = {self.key}
""")
        self.write("etc/master.cf", f"""\
127.0.0.1:{self.ports['smtp']} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
""")
        return ["/usr/sbin/postfix", "-c", os.path.join(self.directory, "etc"), "start-fg"]


class Slapd(Server):
    packages = ("slapd",)
    protocols = ("ldap",)

    def prepare(self):
        conf = self.write("slapd.conf", f"pidfile {self.directory}/slapd.pid\nTLSCertificateFile {self.cert}\n"
                                        f"TLSCertificateKeyFile {self.key}\n")
        return ["/usr/sbin/slapd", "-h", f"ldap://127.0.0.1:{self.ports['ldap']}", "-f", conf, "-d", "0"]


class Postgres(Server):
    packages = ("postgresql",)
    protocols = ("postgres",)
    user = "postgres"

    def prepare(self):
        own = glob.glob(f"{self.root}/usr/lib/postgresql/*/bin") or glob.glob("/usr/lib/postgresql/*/bin")
        programs = own[-1].removeprefix(self.root)
        data = self.own("data")
        self.run(f"{programs}/initdb", "-D", data, "-A", "trust", "--no-sync")
        key = os.path.join(data, "server.key")
        shutil.copy(self.key, key)
        os.chown(key, self.uid(), -1)
        os.chmod(key, 0o600)
        return [f"{programs}/postgres", "-D", data, "-h", "127.0.0.1", "-p", str(self.ports["postgres"]), "-k", data, "-c", "ssl=on",
                "-c", f"ssl_cert_file={self.cert}", "-c", f"ssl_key_file={key}"]


class MariaDB(Server):
    packages = ("mariadb-server-core",)
    protocols = ("mysql",)
    user = "mysql"

    def prepare(self):
        data = self.own("data")
        key = os.path.join(data, "key.pem")
        shutil.copy(self.key, key)
        os.chown(key, self.uid(), -1)
        return ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", "--skip-grant-tables", "--bind-address=127.0.0.1",
                f"--port={self.ports['mysql']}", f"--socket={data}/socket", f"--ssl-cert={self.cert}", f"--ssl-key={key}"]


class ProFTPD(Server):
    packages = ("proftpd-core", "proftpd-mod-crypto")
    protocols = ("ftp",)

    def prepare(self):
        conf = self.write("proftpd.conf", f"""\
ServerName test
ServerType standalone
Port {self.ports['ftp']}
DefaultAddress 127.0.0.1
UseIPv6 off
AuthOrder mod_auth_file.c
PidFile {self.directory}/pid
ScoreboardFile {self.directory}/scoreboard
SystemLog {self.directory}/proftpd.log
ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
User nobody
Group nogroup
TLSEngine on
TLSLog {self.directory}/tls.log
TLSProtocol TLSv1.2 TLSv1.3
TLSECCertificateFile {self.cert}
TLSECCertificateKeyFile {self.key}
""")
        return ["/usr/sbin/proftpd", "-n", "-q", "-c", conf]


class Prosody(Server):
    packages = ("prosody",)
    protocols = ("xmpp", "xmpp-server")
    user = "prosody"

    def prepare(self):
        data = self.own("data")
        key = os.path.join(data, "key.pem")
        shutil.copy(self.key, key)
        os.chown(key, self.uid(), -1)
        conf = self.write("prosody.cfg.lua", f"""\
data_path = "{data}"
pidfile = "{data}/pid"
log = "*console"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {self.ports['xmpp']} }}
s2s_ports = {{ {self.ports['xmpp-server']} }}
c2s_direct_tls_ports = {{}}
s2s_direct_tls_ports = {{}}
modules_enabled = {{ "tls", "saslauth", "dialback" }}
VirtualHost "mail.example.org"
ssl = {{ certificate = "{self.cert}"; key = "{key}" }}
""")
        return ["/usr/bin/prosody", "-F", "--config", conf]
