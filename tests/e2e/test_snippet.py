"""renewctl add lets the web server on port 80 hand challenges over by a file of its own, and remove takes it away. In a network
of its own, where port 80 is free; the CA validates over it."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))

import bind
import harness
import webserver
from process import Process, port_answers, run, wait_until

APACHE = """\
ServerRoot {directory}
ServerName apache.invalid
PidFile {directory}/apache.pid
Listen 127.0.0.1:80
User nobody
Group nogroup
ErrorLog {directory}/error.log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule alias_module {modules}/mod_alias.so
LoadModule rewrite_module {modules}/mod_rewrite.so
DocumentRoot {directory}/www
IncludeOptional {directory}/conf-enabled/*.conf
<VirtualHost *:80>
{site}
</VirtualHost>
"""

LIGHTTPD = """\
server.document-root = "{directory}/www"
server.bind = "127.0.0.1"
server.port = 80
server.errorlog = "{directory}/error.log"
server.modules = ( "mod_redirect", "mod_proxy" )
include "{directory}/conf-enabled/*.conf"
"""


def packages():
    """Downloaded before the network is left behind."""
    return {
        "nginx": webserver.unpack(os.path.join(harness.CACHE, "nginx-package")),
        "apache2": webserver.unpack(os.path.join(harness.CACHE, "apache-package"), ("apache2-bin",), "apache2"),
        "lighttpd": webserver.unpack(os.path.join(harness.CACHE, "lighttpd-package"), ("lighttpd",)),
    }


class Snippet(harness.Case):
    """One web server at a time has port 80."""

    pebble_options = {"nonce_reject": 0}
    wanted_http_port = 80

    def setUp(self):
        super().setUp()
        self.www = self.make("www")
        with open(os.path.join(self.www, "index.html"), "w") as f:
            f.write("a page that is there")
        self.listen = os.path.join(self.renewd.runtime, "http")
        self.configure(listen=self.listen)

    def make(self, name):
        path = os.path.join(self.directory, name)
        os.makedirs(path, exist_ok=True)
        return path

    def script(self, name, environment, *argv):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write("#!/bin/sh\nexport LD_LIBRARY_PATH='%s'\nexec %s\n" %
                    (environment, " ".join(f"'{a}'" for a in argv)))
        os.chmod(path, 0o755)
        return path

    def overlay(self, service, text):
        self.renewd.write(f"services/{service}.conf.d/test.conf", text)

    def serve(self, argv, libraries):
        process = Process(argv, os.path.join(self.directory, "server.log"), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": libraries})
        self.addCleanup(process.stop)
        wait_until(lambda: port_answers(80), 10, lambda: "the web server answers\n" + process.output())
        return process

    # -- the web servers --

    def start_nginx(self, servers):
        """Its files of its own are in conf.d."""
        snippets = self.make("conf.d")
        http = f"    include {snippets}/*.conf;\n{servers}\n"
        server = self.nginx("nginx.example.org", http)
        self.overlay("nginx", f"[Challenge]\nSnippet={snippets}/renewd-%n.conf\n"
                              f"Check={self.script('check-nginx', server.libraries, *server.argv('-t'))}\n"
                              f"Command={self.script('reload-nginx', server.libraries, *server.argv('-s', 'reload'))}\n")
        return snippets

    def start_apache(self, site):
        program, libraries = webserver.unpack(os.path.join(harness.CACHE, "apache-package"), ("apache2-bin",), "apache2")
        modules = os.path.join(os.path.dirname(program), "../lib/apache2/modules")
        snippets = self.make("conf-enabled")
        config = os.path.join(self.directory, "apache.conf")
        with open(config, "w") as f:
            f.write(APACHE.format(directory=self.directory, modules=modules, site=site))
        argv = [program, "-f", config]
        # graceful keeps the process that runs in the foreground
        self.overlay("apache", f"[Service]\nFind=CONFD {snippets}\nFind=MODULES {os.path.realpath(modules)}\n"
                               f"[Challenge]\nCheck={self.script('check-apache', libraries, *argv, '-t')}\n"
                               f"Command={self.script('reload-apache', libraries, *argv, '-k', 'graceful')}\n")
        self.serve([*argv, "-DFOREGROUND"], libraries)
        return snippets

    def start_lighttpd(self):
        program, libraries = webserver.unpack(os.path.join(harness.CACHE, "lighttpd-package"), ("lighttpd",))
        modules = os.path.realpath(os.path.join(os.path.dirname(program), "../lib/lighttpd"))
        snippets = self.make("conf-enabled")
        config = os.path.join(self.directory, "lighttpd.conf")
        with open(config, "w") as f:
            f.write(LIGHTTPD.format(directory=self.directory))
        argv = [program, "-m", modules, "-f", config]
        process = self.serve([*argv, "-D"], libraries)
        self.overlay("lighttpd", f"[Challenge]\nSnippet={snippets}/09-renewd-challenge.conf\n"
                                 f"Check={self.script('check-lighttpd', libraries, *argv, '-tt')}\n"
                                 f"Command=/bin/kill -USR1 {process.pid}\n")
        return snippets

    # -- what is asked --

    def add(self, name, *more, check=True):
        return self.renewd.ctl("add", name, *more, check=check).stdout

    def added(self, name, snippets, *expected):
        """Asked to, it writes its file, and the order goes through the web server."""
        self.renewd.start()
        said = self.add(name, "--web-server-snippet", "--wait")
        self.assertIn("A probe came through port 80", said)
        self.assertEqual(sorted(os.listdir(snippets)), sorted(expected))
        self.assertIsNotNone(self.renewd.live_leaf(name))
        return said

    def not_added(self, name, snippets, words):
        self.renewd.start()
        said = self.add(name, "--web-server-snippet", check=False)
        self.assertIn(words, said)
        self.assertIn("Instead:", said)
        self.assertEqual(os.listdir(snippets), [])

    def page(self, host):
        return run(["curl", "-s", "-i", "-H", f"Host: {host}", "http://127.0.0.1/"]).stdout

    # -- cases --

    def test_nginx(self):
        """nginx: the file is shown, installed, proved by a probe and by the CA, and goes with the certificate"""
        name = "a.example.org"
        snippets = self.start_nginx("    server { listen 80 default_server; return 404; }")
        said = self.added(name, snippets, f"renewd-{name}.conf")
        self.assertIn(f"server_name {name};", said)
        again = self.add(name, "--web-server-snippet")
        self.assertNotIn("Wrote", again)
        said = self.renewd.ctl("remove", name).stdout
        self.assertIn("Took away", said)
        self.assertEqual(os.listdir(snippets), [])
        wait_until(lambda: " 404 " in self.page(name), 5, lambda: self.page(name))

    def test_nginx_asks_first(self):
        """without consent nothing is written, and the lines and the option are named"""
        snippets = self.start_nginx("    server { listen 80 default_server; return 404; }")
        self.renewd.start()
        said = self.add("a.example.org")
        self.assertIn("--web-server-snippet", said)
        self.assertIn("proxy_pass http://unix:", said)
        self.assertEqual(os.listdir(snippets), [])

    def test_nginx_has_the_name(self):
        """nginx: a site of the name is never put aside"""
        site = f"    server {{ listen 80; server_name a.example.org; location / {{ return 403; }} }}"
        snippets = self.start_nginx(site)
        self.not_added("a.example.org", snippets, "conflicting server name")

    def test_nginx_has_a_page(self):
        """nginx: a page of a catch-all site is not hidden, but the page of a new installation may be"""
        snippets = self.start_nginx(f"    server {{ listen 80 default_server; root {self.www}; }}")
        self.not_added("a.example.org", snippets, "would hide")
        self.assertIn("a page that is there", self.page("a.example.org"))
        with open(os.path.join(self.www, "index.html"), "w") as f:
            f.write("<h1>Welcome to nginx!</h1>")
        said = self.add("b.example.org", "--yes", "--wait")
        self.assertIn("A probe came through port 80", said)

    def test_foreign_file(self):
        """a file of the administrator's is neither replaced nor removed"""
        snippets = self.start_nginx("    server { listen 80 default_server; return 404; }")
        path = os.path.join(snippets, "renewd-a.example.org.conf")
        with open(path, "w") as f:
            f.write("# mine\n")
        self.renewd.start()
        said = self.renewd.ctl("add", "a.example.org", "--yes", check=False)
        self.assertEqual(said.returncode, 1, said.stdout)
        self.renewd.ctl("remove", "a.example.org")
        with open(path) as f:
            self.assertEqual(f.read(), "# mine\n")

    def test_check_fails(self):
        """what the web server's own check refuses is taken back"""
        snippets = self.start_nginx("    server { listen 80 default_server; return 404; }")
        self.renewd.write("services/nginx.conf.d/zz.conf", "[Challenge]\nLine=this is no configuration;\n")
        self.not_added("a.example.org", snippets, "unknown directive")

    def test_apache(self):
        """Apache: one file for all certificates, also before a redirect of everything; it goes with the last of them"""
        snippets = self.start_apache('Redirect permanent "/" "https://a.example.org/"')
        self.added("a.example.org", snippets, "renewd-challenge.conf")
        said = self.add("b.example.org", "--wait")
        self.assertNotIn("Wrote " + snippets, said)
        self.assertIsNotNone(self.renewd.live_leaf("b.example.org"))
        self.renewd.ctl("remove", "a.example.org")
        self.assertEqual(os.listdir(snippets), ["renewd-challenge.conf"])
        self.renewd.ctl("remove", "b.example.org")
        self.assertEqual(os.listdir(snippets), [])
        self.assertIn("301", self.page("a.example.org"))

    def test_apache_rewrites(self):
        """Apache: a rule that redirects everything lets no probe through, so all is taken back"""
        snippets = self.start_apache('RewriteEngine on\nRewriteRule "^" "https://a.example.org/" [R=301,L]')
        self.not_added("a.example.org", snippets, "redirects")

    def test_lighttpd(self):
        """lighttpd: the file is installed and proved, and goes with the certificate"""
        snippets = self.start_lighttpd()
        self.added("a.example.org", snippets, "09-renewd-challenge.conf")
        self.renewd.ctl("remove", "a.example.org")
        self.assertEqual(os.listdir(snippets), [])


if __name__ == "__main__":
    if os.environ.get("RENEWD_TEST_OWN_NETWORK") != "1":
        packages()
    bind.enter_own_network()
    harness.main()
