"""renewctl inspect: certificates that are wrong in every way, each named; and those of hosts."""

import json
import os
import ssl
import subprocess
import unittest

import harness
from der_pki import Authority, Key, certificate, extension, integer, openssl, pem, san_dns, san_ip, sequence
from process import free_port, wait_until

NAME = "mail.example.org"
CASES = []


def case(wrong, note=None, says=None, option_name=NAME, status=None, suffix="pem"):
    """A certificate's file, made by the function below: what must be wrong with it, and nothing else. note: what must be
    noted besides; says: a part of the words."""
    def add(make):
        kinds = [wrong] if isinstance(wrong, str) else list(wrong)
        CASES.append((make.__doc__, make, kinds, note, says, option_name, status, suffix))
        return make
    return add


class World:
    """The authorities and keys of all cases."""

    def __init__(self, directory):
        self.directory = directory
        self.key, self.other_key, self.issuer_key = (self.new_key("ec:prime256v1") for _ in range(3))
        self.rsa = self.new_key("rsa:2048")
        self.root = Authority("Test Root", self.new_key("ec:prime256v1"))
        self.rsa_root = Authority("Test RSA Root", self.rsa)
        self.upper = Authority("Test Upper", self.new_key("ec:prime256v1"), self.root, aia=True)
        self.issuer = Authority("Test Issuer", self.issuer_key, self.upper, aia=True)
        self.private = Authority("Private Root", self.new_key("ec:prime256v1"))
        self.roots = os.path.join(directory, "roots.pem")
        with open(self.roots, "w") as f:
            f.write(self.root.pem + self.rsa_root.pem)

    def new_key(self, kind):
        return Key(self.directory, kind)

    def leaf(self, **options):
        """A good one, but for options."""
        given = {"cn": NAME, "key": self.key, "by": self.issuer, "san": san_dns(NAME, "*.mail.example.org"), "usage": 0x80, **options}
        return certificate(given.pop("cn"), given.pop("key"), given.pop("by"), **given)

    def chain(self, *more, **options):
        return pem(self.leaf(**options)) + self.issuer.pem + self.upper.pem + "".join(more)

    def alone(self, **options):
        """Signed by a root itself."""
        return pem(self.leaf(**{"by": self.root, **options}))


# ---- nothing is wrong ----

@case([])
def good(w):
    """a good chain"""
    return w.chain()


@case([])
def with_key(w):
    """with its key, in any order"""
    return w.key.pem() + w.chain()


@case([], suffix="der")
def in_der(w):
    """in DER"""
    return w.leaf(by=w.root)


@case([], suffix="p12")
def in_pkcs12(w):
    """in PKCS#12 without password"""
    path = os.path.join(w.directory, "chain.txt")
    with open(path, "w") as f:
        f.write(w.chain())
    return openssl("pkcs12", "-export", "-in", path, "-inkey", w.key.path, "-passout", "pass:")


@case([])
def in_pkcs7(w):
    """in PKCS#7, which has no order"""
    path = os.path.join(w.directory, "chain.txt")
    with open(path, "w") as f:
        f.write(w.upper.pem + w.issuer.pem + pem(w.leaf()))
    return openssl("crl2pkcs7", "-nocrl", "-certfile", path).decode()


@case([], option_name="192.0.2.7")
def for_an_address(w):
    """IP SAN that is asked for"""
    return w.chain(cn="", san=san_ip("192.0.2.7"))


# ---- time ----

@case("expired", says="has expired 3 days ago")
def expired(w):
    """expired"""
    return w.chain(days=(-90, -3.1))


@case("not-yet-valid", says="is not valid before")
def future(w):
    """not yet valid"""
    return w.chain(days=(3, 90))


@case("bad-dates")
def backwards(w):
    """ends before it begins"""
    return w.chain(days=(5, -5))


@case([], note="expires-soon")
def soon(w):
    """expires soon"""
    return w.chain(days=(-88, 2))


@case("long-lifetime", says="valid for 400 days")
def long_lifetime(w):
    """lifetime over 398 days"""
    return w.chain(days=(-10, 390.1))


# ---- names ----

@case("wrong-name", says="it is not for 'www.example.net'", option_name="www.example.net")
def wrong_name(w):
    """wrong name"""
    return w.chain()


@case("wrong-name", option_name="a.b.mail.example.org")
def deep_name(w):
    """a wildcard stands for one label"""
    return w.chain()


@case("wrong-name", option_name="192.0.2.8")
def wrong_address(w):
    """another address"""
    return w.chain(san=san_dns(NAME) + san_ip("192.0.2.7"))


@case("cn-only", says=f"the name '{NAME}' stands only in its CN", option_name=None)
def cn_only(w):
    """name only in CN"""
    return w.chain(san=())


@case("cn-only", says="the address '192.0.2.7' stands only", option_name=None)
def address_in_cn(w):
    """address only in CN"""
    return w.chain(cn="192.0.2.7", san=())


@case("no-san", option_name=None)
def no_san(w):
    """no name at all"""
    return w.chain(cn="A Server", san=())


@case("ip-as-name", says="192.0.2.7", option_name=None)
def ip_as_name(w):
    """address as a DNS name"""
    return w.chain(cn="x", san=san_dns("192.0.2.7"))


@case("bad-wildcard", says="'*.org'", option_name=None)
def wide_wildcard(w):
    """wildcard of a top-level domain"""
    return w.chain(cn="x", san=san_dns("*.org"))


@case("bad-wildcard", option_name=None)
def inner_wildcard(w):
    """wildcard in the middle"""
    return w.chain(cn="x", san=san_dns("a.*.example.org"))


@case("bad-name", option_name=None)
def bad_name(w):
    """what is no host name"""
    return w.chain(san=san_dns(NAME, "two words.example.org"))


@case("bad-name", says="NUL", option_name=None)
def nul_name(w):
    """name with a NUL octet"""
    return w.chain(san=san_dns(NAME, b"bank.example.org\0.evil.example"))


@case("bad-name", says="\\x1b", option_name=None)
def terminal_name(w):
    """name that would paint the terminal"""
    return w.chain(san=san_dns(NAME, b"a\x1b[2J.example.org"))


@case([], note="cn-not-in-san")
def other_cn(w):
    """CN that is no name of it"""
    return w.chain(cn="old.example.org")


# ---- key and signature ----

@case("weak-key", says="RSA 1024 bits")
def weak_rsa(w):
    """RSA of 1024 bits"""
    return w.chain(key=w.new_key("rsa:1024"))


@case("weak-curve", says="prime192v1")
def weak_curve(w):
    """P-192"""
    return w.chain(key=w.new_key("ec:prime192v1"))


@case("unusual-curve", says="secp256k1")
def unusual_curve(w):
    """curve that browsers do not know"""
    return w.chain(key=w.new_key("ec:secp256k1"))


@case("weak-signature", says="sha1WithRSAEncryption")
def sha1(w):
    """SHA-1 signature"""
    return w.alone(by=w.rsa_root, digest="sha1")


@case("weak-signature", says="md5WithRSAEncryption")
def md5(w):
    """MD5 signature"""
    return w.alone(by=w.rsa_root, digest="md5")


@case("key-mismatch")
def other_key(w):
    """another key in the file"""
    return w.other_key.pem() + w.chain()


@case("key-encrypted")
def encrypted_key(w):
    """encrypted key in the file"""
    return w.chain() + openssl("pkey", "-in", w.key.path, "-aes256", "-passout", "pass:secret").decode()


@case("key-unreadable")
def broken_key(w):
    """unreadable key in the file"""
    return w.chain() + pem(b"\x30\x03\x02\x01\x05", "PRIVATE KEY")


# ---- purpose and form ----

@case("not-for-servers")
def client(w):
    """for clients only"""
    return w.chain(purpose=("client",))


@case("is-ca")
def ca_as_leaf(w):
    """is a CA"""
    return w.chain(ca=True, usage=0x86)


@case("key-usage")
def key_usage(w):
    """key usage without digitalSignature"""
    return w.chain(usage=0x20)


@case(["old-version", "cn-only"], option_name=None)
def version_1(w):
    """X.509 version 1"""
    return w.alone(version=1)


@case("bad-serial", says="negative")
def negative_serial(w):
    """negative serial number"""
    return w.chain(serial=-5)


@case("bad-serial", says="is 0")
def zero_serial(w):
    """serial number 0"""
    return w.chain(serial=0)


@case("bad-serial", says="20 octets")
def long_serial(w):
    """serial number of 21 octets"""
    return w.chain(serial=1 << 165)


@case("critical-extension")
def critical(w):
    """unknown critical extension"""
    return w.chain(more=[extension("strange", b"\x05\0", True)])


@case([], note="must-staple")
def staple(w):
    """asks for stapled OCSP"""
    return w.chain(more=[extension("staple", sequence(integer(5)))])


# ---- the chain ----

@case("self-signed")
def self_signed(w):
    """self-signed"""
    return pem(Authority(NAME, w.key, ca=False, san=san_dns(NAME), days=(-1, 80)).der)


@case("private-ca", says="'Private Root'", note="root-in-chain")
def private_ca(w):
    """private CA, its root in the file"""
    return w.alone(by=w.private) + w.private.pem


@case("private-ca", says="'Private Root'")
def private_intermediate(w):
    """private CA with an intermediate"""
    issuer = Authority("Private Issuer", w.issuer_key, w.private)
    return w.alone(by=issuer) + issuer.pem


@case("missing-intermediate", says="'Test Issuer'")
def missing_intermediate(w):
    """missing intermediate"""
    return pem(w.leaf())


@case("missing-intermediate", says="'Test Upper'")
def missing_upper(w):
    """missing second intermediate"""
    return pem(w.leaf()) + w.issuer.pem


@case("reversed-chain")
def reversed_chain(w):
    """reversed chain"""
    return w.upper.pem + w.issuer.pem + pem(w.leaf())


@case("wrong-order")
def wrong_order(w):
    """intermediates in the wrong order"""
    return pem(w.leaf()) + w.upper.pem + w.issuer.pem


@case("unrelated-certificate", says="'Private Root'")
def unrelated(w):
    """unrelated certificate"""
    return w.chain(w.private.pem)


@case("duplicate-certificate", says="'Test Issuer'")
def duplicate(w):
    """the same certificate twice"""
    return w.chain(w.issuer.pem)


@case([], note="root-in-chain")
def root_in_chain(w):
    """root sent as well"""
    return w.chain(w.root.pem)


@case("bad-signature", says="'Test Issuer'")
def namesake(w):
    """issuer of that name with another key"""
    return pem(w.leaf()) + Authority("Test Issuer", w.other_key, w.upper).pem


@case("expired-issuer", says="'Old Issuer'")
def expired_issuer(w):
    """expired intermediate"""
    issuer = Authority("Old Issuer", w.issuer_key, w.root, days=(-400, -1))
    return w.alone(by=issuer) + issuer.pem


@case("weak-issuer", says="RSA 1024 bits")
def weak_issuer(w):
    """intermediate with a weak key"""
    issuer = Authority("Weak Issuer", w.new_key("rsa:1024"), w.root)
    return w.alone(by=issuer) + issuer.pem


@case("weak-issuer", says="sha1WithRSAEncryption")
def sha1_issuer(w):
    """intermediate signed by SHA-1"""
    issuer = Authority("SHA-1 Issuer", w.issuer_key, w.rsa_root, digest="sha1")
    return w.alone(by=issuer) + issuer.pem


@case("chain-invalid", says="path length")
def path_length(w):
    """CA that may have none below it"""
    upper = Authority("Last CA", w.issuer_key, w.root, pathlen=0)
    issuer = Authority("One Too Many", w.other_key, upper)
    return w.alone(by=issuer) + issuer.pem + upper.pem


# ---- files ----

@case("unreadable-certificate", status=2)
def cut_off(w):
    """cut off"""
    return w.chain()[:400]


@case("unreadable-certificate")
def second_cut_off(w):
    """the last one cut off"""
    return w.alone() + w.issuer.pem[:400]


@case("no-certificate", says="request", status=2)
def request(w):
    """a request"""
    return openssl("req", "-new", "-key", w.key.path, "-subj", "/CN=x").decode()


@case("no-certificate", says="private key", status=2)
def key_alone(w):
    """a key alone"""
    return w.key.pem()


@case("encrypted-file", status=2, suffix="p12")
def encrypted_pkcs12(w):
    """PKCS#12 with a password"""
    path = os.path.join(w.directory, "chain.txt")
    with open(path, "w") as f:
        f.write(w.chain())
    return openssl("pkcs12", "-export", "-in", path, "-inkey", w.key.path, "-passout", "pass:secret")


@case("no-certificate", status=2)
def noise(_):
    """noise"""
    return bytes(range(256)) * 8


class Inspect(unittest.TestCase):
    """Files, and what is wrong with them."""

    @classmethod
    def setUpClass(cls):
        cls.directory = harness.scratch_directory("inspect")
        keys = os.path.join(cls.directory, "keys")
        os.mkdir(keys)
        cls.world = World(keys)

    def inspect(self, *arguments, data=None):
        """Exit status and the answer as JSON, after a look at the answer for people."""
        program = os.path.join(harness.PREFIX, "bin/renewctl")
        options = ["--root-store", self.world.roots, *arguments]
        for_people = subprocess.run([program, "inspect", *options], capture_output=True, input=data)
        self.assertFalse([c for c in for_people.stdout if c < 32 and c != 10], "control characters reach the terminal")
        done = subprocess.run([program, "inspect", "--json", *options], capture_output=True, text=True)
        self.assertEqual(done.returncode, for_people.returncode)
        return done.returncode, json.loads(done.stdout), for_people.stdout.decode()

    def write(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def check_case(self, number, make, wrong, note, says, name, status, suffix):
        path = self.write(f"case-{number}.{suffix}", make(self.world))
        code, answer, shown = self.inspect(path, *(["--name", name] if name else []))
        self.assertEqual(sorted(f["kind"] for f in answer["findings"] if f["wrong"]), sorted(wrong))
        self.assertEqual(code, status if status is not None else 1 if wrong else 0)
        self.assertEqual(answer["ok"], not wrong)
        for finding in answer["findings"]:
            self.assertTrue(finding["next"], "each has a next step")
            self.assertIn(finding["next"], shown)
        if note:
            self.assertIn(note, [f["kind"] for f in answer["findings"] if not f["wrong"]])
        if says:
            self.assertIn(says, " ".join(f["text"] for f in answer["findings"]))

    def test_table(self):
        """each of 40 and more certificates is told what is wrong with it, and nothing else"""
        for number, (title, make, *rest) in enumerate(CASES):
            with self.subTest(title):
                self.check_case(number, make, *rest)
        faulty = sum(1 for c in CASES if c[2])
        print(f"# {len(CASES)} certificates, {faulty} of them wrong")
        self.assertGreaterEqual(faulty, 40)

    def test_facts(self):
        """facts are those that openssl reads"""
        path = self.write("facts.pem", self.world.chain())
        _, answer, shown = self.inspect(path)
        leaf = answer["certificates"][0]
        for option, key in (("-sha256", "sha256"), ("-sha1", "sha1")):
            text = openssl("x509", "-in", path, "-noout", "-fingerprint", option).decode()
            self.assertEqual(text.split("=")[1].strip().replace(":", "").lower(), leaf[key])
            self.assertIn(leaf[key], shown)
        spki = openssl("pkey", "-pubin", "-inform", "DER", "-outform", "DER", data=self.world.key.spki)
        pin = openssl("base64", data=openssl("dgst", "-sha256", "-binary", data=spki)).decode().strip()
        self.assertEqual(leaf["pin"], pin)
        self.assertEqual(answer["names"], [NAME, "*.mail.example.org"])
        self.assertEqual((answer["signer"], answer["root"]), ("public-ca", "Test Root"))
        self.assertEqual([c["subject"] for c in answer["certificates"]], [f"CN = {NAME}", "CN = Test Issuer", "CN = Test Upper"])
        self.assertEqual((leaf["key"], leaf["signature"], leaf["serial"]), ("ECDSA P-256", "ecdsa-with-SHA256", "1234567890"))
        self.assertIn(answer["days_left"], (79, 80))

    def test_usage(self):
        """what cannot be looked at is said, with status 2 or 3"""
        program = os.path.join(harness.PREFIX, "bin/renewctl")
        for arguments, status, words in (
                (["/nonexistent/x.pem"], 2, "cannot be read"),
                ([f"127.0.0.1:{free_port()}"], 2, "refused"),
                (["--starttls", "gopher", "localhost"], 3, "--starttls is one of"),
                (["--level", "none", "localhost"], 3, "--level is one of"),
                (["--level", "basic", self.world.roots], 3, "--pins"),
                (["not a host:1"], 3, "neither a file nor HOST:PORT"),
        ):
            done = subprocess.run([program, "inspect", *arguments], capture_output=True, text=True)
            self.assertEqual((done.returncode, words in done.stderr), (status, True), done.stderr)

    # ---- hosts ----

    def serve(self, chain, key):
        """The port of a server with this chain."""
        port = free_port()
        files = [self.write(f"served-{i}.pem", part) for i, part in enumerate(chain)]
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", files[0], "-cert_chain", files[1],
                                   "-key", key.path, "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.addCleanup(server.stdin.close)

        def answers():
            try:
                ssl.get_server_certificate(("127.0.0.1", port), timeout=2)
                return True
            except OSError:
                return False
        wait_until(answers, 20, "the server answers")
        return port

    def test_host(self):
        """a host: what it serves, for the name that was asked"""
        port = self.serve((pem(self.world.leaf()), self.world.issuer.pem + self.world.upper.pem), self.world.key)
        code, answer, _ = self.inspect(f"127.0.0.1:{port}", "--name", NAME)
        self.assertEqual((code, answer["signer"], len(answer["certificates"])), (0, "public-ca", 3))
        code, answer, _ = self.inspect(f"127.0.0.1:{port}")
        self.assertEqual([f["kind"] for f in answer["findings"] if f["wrong"]], ["wrong-name"])

    def test_levels(self):
        """disabled takes all, basic pins the first, recommended wants the pin, strict a trusted CA"""
        made = self.world.new_key("ec:prime256v1")
        mine = pem(Authority(NAME, self.world.key, ca=False, san=san_dns(NAME), days=(-1, 80)).der)
        other = pem(Authority(NAME, made, ca=False, san=san_dns(NAME), days=(-1, 80)).der)
        path, pins = self.write("mine.pem", mine), os.path.join(self.directory, "pins")
        program = os.path.join(harness.PREFIX, "bin/renewctl")

        def look(*options):
            done = subprocess.run([program, "inspect", "--json", path, "--name", NAME, *options], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL)
            answer = json.loads(done.stdout)
            return done.returncode, [f["kind"] for f in answer["findings"] if f["wrong"]], answer

        self.assertEqual(look()[:2], (1, ["self-signed"]))
        self.assertEqual(look("--level", "disabled")[:2], (0, []))
        self.assertEqual(look("--level", "strict")[:2], (1, ["self-signed"]))
        code, wrong, answer = look("--level", "recommended")
        self.assertEqual((code, wrong), (1, ["not-pinned"]))
        pin = answer["certificates"][0]["pin"]
        for form in (pin, "sha256//" + pin, answer["certificates"][0]["sha256"].upper()):
            self.assertEqual(look("--level", "recommended", "--pin", form)[:2], (0, []))
        self.assertEqual(look("--level", "basic", "--pins", pins)[:2], (0, []))
        self.assertEqual(look("--level", "basic", "--pins", pins)[:2], (0, []))
        with open(pins) as f:
            self.assertEqual(f.read(), f"{path}\t{pin}\n")
        self.assertEqual(look("--level", "recommended", "--pins", pins)[:2], (0, []))
        self.write("mine.pem", other)
        self.assertEqual(look("--level", "basic", "--pins", pins)[:2], (1, ["pin-mismatch"]))
        self.assertEqual(look("--level", "recommended", "--pin", pin)[:2], (1, ["pin-mismatch"]))
        with open(pins) as f:
            self.assertEqual(f.read(), f"{path}\t{pin}\n", "a pin is not changed by itself")


if __name__ == "__main__":
    harness.main()
