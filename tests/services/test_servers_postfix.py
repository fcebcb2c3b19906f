"""The servers whose packages agree with Postfix and vsftpd, each proved by handshakes in all the steps of services_case."""

import harness
from services_case import Server, ServicesCase

NGINX = """\
server {
    listen 127.0.0.1:443 ssl;
    listen [::1]:443 ssl;
    server_name %n;
    ssl_certificate     /etc/nginx/ssl/%n.crt;
    ssl_certificate_key /etc/nginx/ssl/%n.key;
}
"""
APACHE = """\
<VirtualHost *:443>
    ServerName %n
    SSLEngine on
    SSLCertificateFile /etc/apache2/ssl/%n.crt
    SSLCertificateKeyFile /etc/apache2/ssl/%n.key
</VirtualHost>
"""
HAPROXY = """\
global
    user haproxy
    group haproxy
    stats socket /run/haproxy/admin.sock mode 660 level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend site
    bind 127.0.0.3:443 ssl crt /etc/haproxy/certs/
    http-request return status 200
"""
POSTFIX = """\
postconf -e myhostname=%n inet_interfaces=loopback-only inet_protocols=ipv4
postconf -e 'smtpd_tls_chain_files = /etc/postfix/tls/%n.pem' 'smtpd_tls_security_level = may'
postconf -X smtpd_tls_cert_file smtpd_tls_key_file
postconf -M submissions/inet='submissions inet n - y - - smtpd'
postconf -P submissions/inet/smtpd_tls_wrappermode=yes
"""
DOVECOT = """\
ssl = yes
ssl_server_cert_file = /etc/dovecot/private/%n.crt
ssl_server_key_file = /etc/dovecot/private/%n.key
"""
POSTGRESQL = """\
ssl = on
ssl_cert_file = '/etc/ssl/postgresql/%n.crt'
ssl_key_file = '/etc/ssl/postgresql/%n.key'
"""
REDIS = """\
cat >>/etc/redis/redis.conf <<'E'
tls-port 6380
tls-cert-file /etc/ssl/redis/%n.crt
tls-key-file /etc/ssl/redis/%n.key
tls-ca-cert-dir /etc/ssl/certs
tls-auth-clients no
E
"""
VSFTPD = """\
listen_ipv6=YES
local_enable=YES
secure_chroot_dir=/var/run/vsftpd/empty
pam_service_name=vsftpd
ssl_enable=YES
rsa_cert_file=/etc/ssl/private/vsftpd.pem
rsa_private_key_file=/etc/ssl/private/vsftpd.pem
"""
CUPS = """\
ServerName %n
ServerAlias %n
Port 631
Listen /run/cups/cups.sock
IdleExitTimeout 0
"""
COTURN = """\
listening-ip=127.0.0.1
realm=%n
no-cli
log-file=stdout
tls-listening-port=5349
cert=/etc/turnserver/%n.crt
pkey=/etc/turnserver/%n.key
"""
# Reads its certificate when it starts, and never again.
GRAFANA = """\
import configparser
import http.server
import ssl

settings = configparser.ConfigParser()
settings.read("/etc/grafana/grafana.ini")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(settings["server"]["cert_file"], settings["server"]["cert_key"])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 3000), http.server.SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""
GRAFANA_INI = """\
[server]
protocol = https
cert_file = /etc/grafana/tls/%n.crt
cert_key = /etc/grafana/tls/%n.key
"""
GRAFANA_UNIT = "[Service]\nUser=grafana\nExecStart=/usr/bin/python3 /usr/share/grafana/server.py\n"


class Servers(ServicesCase):
    packages = "tests/services/packages-postfix"
    servers = (
        Server("nginx", "nginx.service", {"/etc/nginx/conf.d/%n.conf": NGINX}, ["443", "[::1]:443"],
               ["/etc/nginx/ssl/%n.key root:root 0600", "/etc/nginx/ssl/%n.crt root:root 0644"],
               otherwise=("listen ",), refuses="reload", spoil=("/etc/nginx/conf.d/%n.conf", "nonsense;\n")),
        Server("apache", "apache2.service",
               {"/etc/apache2/sites-enabled/%n.conf": APACHE, "/etc/apache2/ports.conf": "Listen 127.0.0.2:443\n"},
               ["127.0.0.2:443"], ["/etc/apache2/ssl/%n.key root:root 0600", "/etc/apache2/ssl/%n.crt root:root 0644"],
               prepare="a2enmod -q ssl; rm -f /etc/apache2/sites-enabled/000-default.conf", section="Probe=\nProbe=127.0.0.2:443\n",
               refuses="reload", spoil=("/etc/apache2/ports.conf", "Nonsense\n")),
        Server("haproxy", "haproxy.service", {"/etc/haproxy/haproxy.cfg": HAPROXY}, ["127.0.0.3:443"],
               ["/etc/haproxy/certs/%n.pem root:root 0600"], otherwise=("bind ",), section="Probe=\nProbe=127.0.0.3:443\n",
               refuses="reload", spoil=("/etc/haproxy/haproxy.cfg", "nonsense\n")),
        Server("postfix", "postfix.service", {}, ["smtp 25", "465"], ["/etc/postfix/tls/%n.pem root:root 0600"], prepare=POSTFIX, section="Probe=localhost:465\n",
               refuses="reload"),
        Server("dovecot", "dovecot.service", {"/etc/dovecot/conf.d/99-tls.conf": DOVECOT}, ["993", "imap 143", "sieve 4190"],
               ["/etc/dovecot/private/%n.key root:root 0600", "/etc/dovecot/private/%n.crt root:root 0644"], refuses="reload",
               spoil=("/etc/dovecot/conf.d/99-tls.conf", "nonsense {\n")),
        Server("postgresql", "postgresql.service postgresql@17-main.service", {"/etc/postgresql/17/main/conf.d/tls.conf": POSTGRESQL}, ["postgres 5432"],
               ["/etc/ssl/postgresql/%n.key root:postgres 0640", "/etc/ssl/postgresql/%n.crt root:postgres 0644"], refuses="reload"),
        Server("redis", "redis-server.service", {}, ["6380"],
               ["/etc/ssl/redis/%n.key root:redis 0640", "/etc/ssl/redis/%n.crt root:redis 0644"], prepare=REDIS,
               refuses=("redis-cli -e ACL SETUSER default -config", "redis-cli -e ACL SETUSER default +config")),
        Server("coturn", "coturn.service", {"/etc/turnserver.conf": COTURN}, ["5349"],
               ["/etc/turnserver/%n.key root:turnserver 0640", "/etc/turnserver/%n.crt root:turnserver 0644"], refuses="stop"),
        Server("vsftpd", "vsftpd.service", {"/etc/vsftpd.conf": VSFTPD}, ["ftp 21"],
               ["/etc/ssl/private/vsftpd.pem root:root 0600"]),
        Server("cups", "cups.service", {"/etc/cups/cupsd.conf": CUPS, "/etc/cups/cups-files.conf": "CreateSelfSignedCerts no\n"}, ["631"],
               ["/etc/cups/ssl/%n.key root:lp 0640", "/etc/cups/ssl/%n.crt root:lp 0644"]),
        Server("grafana", "grafana-server.service",
               {"/usr/share/grafana/server.py": GRAFANA, "/etc/grafana/grafana.ini": GRAFANA_INI, "/etc/systemd/system/grafana-server.service": GRAFANA_UNIT}, ["3000"],
               ["/etc/grafana/tls/%n.key root:grafana 0640", "/etc/grafana/tls/%n.crt root:grafana 0644"],
               prepare="useradd --system grafana"),
    )


Servers.add_cases()

if __name__ == "__main__":
    harness.main()
