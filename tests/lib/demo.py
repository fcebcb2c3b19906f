"""demo: Pebble as the CA, an unpacked nginx, and renewd between them."""

import argparse
import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time

import build
import pki
import webserver
from ca import Names, Pebble
from process import free_port
from renewd import Installation, Renewd

HERE = os.path.join(build.CHECKOUT, "demo.d")
PIDS = os.path.join(HERE, "pids")
NAME = "demo.example.org"
ENGINE_UID, SIGNER_UID = 64701, 64702

CERTIFICATE = f"""\
[Certificate]
Names={NAME}
[Deploy nginx-demo]
"""

SERVICE = """\
[Service]
Description=The nginx of this demonstration
[Deploy]
File=fullchain {cert} root:root 0644
File=key {key} root:root 0600
Hook={hook}
Probe=127.0.0.1:{port}
"""


def say(text):
    print(f"demo: {text}", flush=True)


def date(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def others_may_pass(path):
    """Whether another user reaches this directory; below a closed home directory nobody but root does."""
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def stop_former():
    """Ends what a former --keep left running. A number is only believed if that process works in this directory."""
    with contextlib.suppress(FileNotFoundError), open(PIDS) as f:
        for pid in [int(line) for line in f.read().split()]:
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline") as command:
                    ours = HERE in command.read() or os.readlink(f"/proc/{pid}/cwd") == HERE
                if ours:
                    os.killpg(pid, signal.SIGTERM)
        time.sleep(1)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(PIDS)


def build_renewd():
    """Builds and installs below demo.d; each program under its own number where that can work."""
    separate = os.geteuid() == 0 and others_may_pass(build.CHECKOUT)
    users = (ENGINE_UID, SIGNER_UID) if separate else (0, 0)
    directory = os.path.join(HERE, "build")
    prefix = os.path.join(HERE, "installed")
    build.build(directory, [f"-Dprefix={prefix}", "-Dsystemd=disabled", "-Dtests=false", "-Dman=false", "-Dbash-completion-dir=no",
                            f"-Dengine-user={users[0]}", f"-Dsigner-user={users[1]}", "-Dview-group=0"])
    build.install(directory)
    return Installation(prefix, engine_uid=users[0], signer_uid=users[1])


def start_ca(stack, listen_port):
    os.makedirs(os.path.join(HERE, "pebble"), exist_ok=True)
    names = Names(os.path.join(HERE, "pebble"))
    stack.append(names.process)
    pebble = Pebble(os.path.join(HERE, "pebble"), names, listen_port)
    stack.append(pebble.process)
    return pebble


def start_nginx(stack):
    unpacked = webserver.unpack(os.path.join(HERE, "nginx-package"))
    nginx = webserver.Nginx(unpacked, os.path.join(HERE, "nginx"), free_port(), NAME, user="nobody nogroup").start()
    stack.append(nginx.process)
    return nginx


def start_renewd(stack, installation, pebble, nginx, listen_port):
    renewd = Renewd(installation, HERE)
    renewd.configure(listen=f"127.0.0.1:{listen_port}")
    renewd.authority(pebble.directory_url, pebble.tls_ca)
    hook = nginx.write_hook(os.path.join(HERE, "reload-nginx"))
    renewd.write("services/nginx-demo.conf", SERVICE.format(cert=nginx.cert, key=nginx.key, hook=hook, port=nginx.port))
    path = renewd.write(f"certificates/{NAME}.conf", CERTIFICATE)
    say(f"{os.path.relpath(path, build.CHECKOUT)} has these lines:")
    print("".join(f"    {line}\n" for line in CERTIFICATE.splitlines()), end="", flush=True)
    renewd.start()
    stack.append(renewd.process)
    return renewd


def summary(renewd, nginx, root):
    """The line for a person, every fact but the last read from nginx by a verified handshake."""
    facts = pki.describe(pki.verified_leaf(nginx.port, NAME, root))
    expires = date(ssl.cert_time_to_seconds(facts["notAfter"]))
    return (f"ok: nginx serves {NAME}, issued by {facts['issuer'].removeprefix('CN=')}, expires {expires}, "
            f"next renewal {date(renewd.show(NAME)['next_renewal'])}")


def renew(renewd, nginx):
    before = nginx.serves()
    say(f"nginx serves serial {pki.describe(before)['serial']}; forcing a renewal: renewctl renew {NAME} --wait")
    print("".join(f"    {line}\n" for line in renewd.ctl("renew", NAME, "--wait", "--force").stdout.splitlines()), end="", flush=True)
    after = renewd.wait_served(NAME, "nginx-demo", nginx, other_than=before)
    say(f"renewed: nginx serves serial {pki.describe(after)['serial']} now")


def play(stack):
    say("building renewd in demo.d")
    installation = build_renewd()
    listen_port = free_port()
    say("starting Pebble (the CA), nginx and renewd")
    pebble = start_ca(stack, listen_port)
    nginx = start_nginx(stack)
    renewd = start_renewd(stack, installation, pebble, nginx, listen_port)
    renewd.wait_served(NAME, "nginx-demo", nginx)
    root = pebble.root(os.path.join(HERE, "issuer-root.pem"))
    say(summary(renewd, nginx, root))
    renew(renewd, nginx)
    return renewd, nginx, root


def show_kept(renewd, nginx, root, stack):
    with open(PIDS, "w") as f:
        f.writelines(f"{process.pid}\n" for process in stack)
    say(f"it keeps running: port {nginx.port}, CA file {root}")
    print(f"    openssl s_client -connect 127.0.0.1:{nginx.port} -servername {NAME} -CAfile {root} -verify_return_error </dev/null")
    print(f"    {renewd.command('status')}")
    print(f"    {os.path.join(build.CHECKOUT, 'demo')} --stop", flush=True)


def main(argv):
    parser = argparse.ArgumentParser(prog="demo", description="One certificate from its file to nginx serving it, and renewed.")
    parser.add_argument("--keep", action="store_true", help="leave it running; print port and CA file")
    parser.add_argument("--stop", action="store_true", help="end what --keep left running")
    options = parser.parse_args(argv)
    stop_former()
    if options.stop:
        return 0
    for name in ("config", "state", "run", "nginx", "pebble"):
        shutil.rmtree(os.path.join(HERE, name), ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(os.path.join(HERE, "renewd.log"))
    os.makedirs(HERE, exist_ok=True)
    os.chdir(HERE)
    stack, kept, renewd = [], False, None
    try:
        renewd, nginx, root = play(stack)
        if options.keep:
            show_kept(renewd, nginx, root, stack)
            kept = True
        say(summary(renewd, nginx, root))
        return 0
    except (AssertionError, OSError, ValueError, KeyError, build.BuildFailed, subprocess.SubprocessError) as problem:
        say(f"failed: {problem}")
        return 1
    finally:
        if not kept:
            for process in reversed(stack):
                process.stop()
            if renewd:
                renewd.forget_sockets()


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
