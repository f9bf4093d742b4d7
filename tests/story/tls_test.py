#!/usr/bin/env python3
"""HTTPS: what is answered with a certificate, what is refused, a renewed certificate without a
restart, wrong files named, and who may ask from beyond this machine.

usage: tls_test.py PROGRAM SOURCE_DIR [--beyond]
"""
import errno
import fcntl
import http.client
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM, SOURCE = sys.argv[1], sys.argv[2]
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, rows  # noqa: E402

BODY = json.dumps({"rows": [{"x": 1.5, "kind": "a"}]})
# A system that allows everything: what is refused is refused by the program.
LAX = """openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""
OUTSIDE = "10.9.8.7"  # an address of the loopback interface, in a network of its own


def certificate(folder, name, *more, key=("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")):
    """A pair of its own for localhost."""
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:" + OUTSIDE,
                    "-keyout", os.path.join(folder, "key.pem"),
                    "-out", os.path.join(folder, "cert.pem"), *(more or ("-days", "90"))],
                   check=True, capture_output=True)


def with_tls(project, *lines):
    with open(project.path("rondo.toml")) as file:
        text = file.read()
    more = "".join(line + "\n" for line in ('tls = "tls"', *lines))
    project.write("rondo.toml", text.replace("[deploy]\n", "[deploy]\n" + more))


def trust(project):
    return ssl.create_default_context(cafile=project.path("tls", "cert.pem"))


def ask(connection, path, body=None, token=None):
    headers = {"Content-Type": "application/json"} if body else {}
    if token:
        headers["Authorization"] = "Bearer " + token
    connection.request("POST" if body else "GET", path, body, headers)
    reply = connection.getresponse()
    text = reply.read()
    return reply.status, json.loads(text) if text.strip() else None


def rest_of(connection):
    got = b""
    while part := connection.recv(65536):
        got += part
    return got


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.project = Project(PROGRAM, rows(9), rounds=3, cool_down="0s")
        with_tls(cls.project)
        certificate(cls.project.path("tls"), "first")
        cls.project.run("run", check=0)
        cls.project.write("openssl.cnf", LAX)
        cls.process, base = cls.project.up(env={"OPENSSL_CONF": cls.project.path("openssl.cnf")})
        cls.curl = cls.process.stdout.readline()
        assert base.startswith("https://localhost:"), base
        cls.port = int(base.rsplit(":", 1)[1])
        cls.silent = socket.create_connection(("127.0.0.1", cls.port), 30)

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        assert cls.process.wait(60) == 0
        cls.project.__exit__()

    def connect(self, context=None):
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=30,
                                                 context=context or trust(self.project))
        self.addCleanup(connection.close)
        return connection

    def secure(self, **more):
        bare = socket.create_connection(("127.0.0.1", self.port), 30)
        secure = trust(self.project).wrap_socket(bare, server_hostname="localhost", **more)
        self.addCleanup(secure.close)
        return secure

    def subject(self):
        context = trust(self.project)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), 30) as bare:
            with context.wrap_socket(bare, server_hostname="localhost") as secure:
                pem = ssl.DER_cert_to_PEM_cert(secure.getpeercert(True))
        done = subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, text=True,
                              capture_output=True, check=True)
        return done.stdout.strip().rsplit(" ", 1)[-1]

    def test_its_cost_is_measured(self):
        url = "https://localhost:%d" % self.port
        self.assertIn("--cacert", self.project.run("bench", url, check=1).stderr)
        cert = self.project.path("tls", "cert.pem")
        said = self.project.json("bench", url, "--seconds", "1", "--cacert", cert, "--token",
                                 self.project.token())
        self.assertEqual((said["model"], said["refused"]), ("toy", 0))
        self.assertGreater(said["answered"], 0)
        with tempfile.TemporaryDirectory() as other:  # not the one that answers
            certificate(other, "other")
            done = self.project.run("bench", url, "--cacert", os.path.join(other, "cert.pem"),
                                    check=1)
            self.assertIn("does not answer", done.stderr)
        self.assertIn("holds no certificates", self.project.run(
            "bench", url, "--cacert", self.project.path("rondo.toml"), check=3).stderr)

    def test_answers_with_a_certificate_that_is_verified(self):
        connection = self.connect()
        for _ in range(3):  # on one connection
            status, said = ask(connection, "/api/v1/predict", BODY)
            self.assertEqual(status, 200, said)
            self.assertEqual(said["predictions"][0]["model_version"], 1)
        many = json.dumps({"rows": [{"x": 1.5, "kind": "a"}] * 3000})
        status, said = ask(connection, "/api/v1/predict", many)  # over many TLS records
        self.assertEqual((status, len(said["predictions"])), (200, 3000))
        self.assertEqual(ask(connection, "/api/v1/pause", '{"why": "x"}')[0], 401)
        token = self.project.token()
        self.assertEqual(ask(connection, "/api/v1/pause", '{"why": "x"}', token)[0], 200)
        self.assertEqual(ask(connection, "/api/v1/resume", '{"why": "x"}', token)[0], 200)
        self.assertIn("--cacert", self.curl)
        self.assertIn("https://localhost:%d/api/v1/predict" % self.port, self.curl)
        connection.request("GET", "/metrics")
        numbers = connection.getresponse().read().decode()
        self.assertRegex(numbers, "rondo_certificate_end_timestamp_seconds.* [0-9.e+]+\n")

    def test_pipelined_requests_are_answered_in_order(self):
        secure = self.secure()
        one = "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        secure.sendall((one % ("/ping", "") + one % ("/metrics", "") + one % ("/version", "")
                        + one % ("/nowhere", "Connection: close\r\n")).encode())
        got = rest_of(secure).decode()
        heads = [line for line in got.splitlines() if line.startswith("HTTP/1.1 ")]
        self.assertEqual([head.split()[1] for head in heads], ["200", "200", "200", "404"])
        self.assertLess(got.index("rondo_build_info"), got.index('{"version"'))

    def test_the_end_is_told(self):
        ways = ("GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                "no HTTP\r\n\r\n")
        for way, status in zip(ways, (b"200", b"400")):
            secure = self.secure(suppress_ragged_eofs=False)  # a cut would be an error below
            secure.sendall(way.encode())
            self.assertEqual(rest_of(secure).split()[1], status)
        secure = self.secure(suppress_ragged_eofs=False)
        secure.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertEqual(secure.recv(4096).split()[1], b"200")
        secure.unwrap()  # says the end, and demands that the server does so too

    def test_who_is_refused_while_it_still_sends_gets_the_reply(self):
        secure = self.secure()
        secure.sendall(b"POST /api/v1/predict HTTP/1.1\r\nHost: localhost\r\n"
                       b"Content-Length: 20000000\r\n\r\n")
        for _ in range(20):
            secure.sendall(bytes(1000000))
        self.assertEqual(secure.recv(4096).split()[1], b"413")

    def test_who_speaks_no_tls_is_told_so(self):
        with socket.create_connection(("127.0.0.1", self.port), 30) as bare:
            bare.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
            got = rest_of(bare)
        self.assertTrue(got.startswith(b"HTTP/1.1 400 "), got)
        self.assertIn(b"ask for https://", got)
        for noise in (b"\x16\x03\x01\x00\x05hello", b"\0" * 500, os.urandom(3000), b"\x16" * 70000):
            with socket.create_connection(("127.0.0.1", self.port), 30) as bare:
                try:
                    bare.sendall(noise)
                    bare.shutdown(socket.SHUT_WR)
                    self.assertNotIn(b"HTTP/1.1 2", rest_of(bare))
                except ConnectionError:
                    pass
                except OSError as broken:  # shutdown() of what the server has already reset
                    self.assertEqual(broken.errno, errno.ENOTCONN, broken)
        self.assertEqual(ask(self.connect(), "/v2")[0], 200)

    def test_old_versions_are_refused(self):
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, ConnectionError)) as raised:
            ask(self.connect(old), "/v2")
        self.assertNotIn("NO_PROTOCOLS_AVAILABLE", str(raised.exception), "the server refused")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trust(self.project)
            context.minimum_version = context.maximum_version = version
            self.assertEqual(ask(self.connect(context), "/v2")[0], 200)

    def test_many_at_once(self):
        bad = []

        def asker():
            connection = self.connect()
            for _ in range(20):
                if ask(connection, "/api/v1/predict", BODY)[0] != 200:
                    bad.append(1)

        threads = [threading.Thread(target=asker) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertFalse(bad)

    def test_a_renewed_certificate_needs_no_restart(self):
        self.assertEqual(self.subject(), "first")
        kept = self.connect()
        self.assertEqual(ask(kept, "/v2")[0], 200)
        other = self.project.path("other")
        certificate(other, "second", "-days", "3")
        os.replace(os.path.join(other, "key.pem"), self.project.path("tls", "key.pem"))
        self.wait_for_alert(kept, "key.pem is not the key of")
        self.assertEqual(self.subject(), "first", "half a pair changes nothing")
        os.replace(os.path.join(other, "cert.pem"), self.project.path("tls", "cert.pem"))
        self.wait(lambda: self.subject() == "second")
        self.wait_for_alert(kept, "cert.pem ends at ")  # in three days
        self.assertEqual(ask(self.connect(), "/v2")[0], 200)
        certificate(self.project.path("tls"), "first")
        self.wait(lambda: self.subject() == "first")
        self.wait(lambda: not self.alerts(kept))
        self.assertEqual(ask(kept, "/v2")[0], 200, "who is connected stays so")

    def test_who_says_nothing_is_let_go(self):
        self.silent.settimeout(30)
        try:
            self.assertEqual(self.silent.recv(100), b"")
        except ConnectionError:
            pass
        self.silent.close()

    def alerts(self, connection):
        return [a for a in ask(connection, "/api/v1/status")[1]["alerts"] if ".pem" in a]

    def wait_for_alert(self, connection, words):
        self.wait(lambda: [a for a in self.alerts(connection) if words in a])

    def wait(self, true, seconds=60):
        until = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)


class Files(unittest.TestCase):
    def test_wrong_files_are_named(self):
        with Project(PROGRAM, rows(9), rounds=3) as p:
            with_tls(p)
            there = "the folder of TLS holds cert.pem"
            self.refused(p, 3, "tls/cert.pem", there)
            certificate(p.path("tls"), "one")
            certificate(p.path("two"), "two")
            certificate(p.path("rsa"), "rsa", key=("rsa:2048",))
            os.rename(p.path("tls", "key.pem"), p.path("kept.pem"))
            self.refused(p, 3, "tls/key.pem", there)
            for other in ("two", "rsa"):
                os.rename(p.path(other, "key.pem"), p.path("tls", "key.pem"))
                self.refused(p, 3, "key.pem is not the key of", "first certificate of the chain")
            p.write("tls/key.pem", "no key\n")
            self.refused(p, 3, "holds no key that can be used", "without a passphrase")
            subprocess.run(["openssl", "pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:x",
                            "-in", p.path("kept.pem"), "-out", p.path("tls", "key.pem")],
                           check=True, capture_output=True)
            self.refused(p, 3, "holds no key that can be used", "without a passphrase")
            os.rename(p.path("kept.pem"), p.path("tls", "key.pem"))
            for mode in (0o644, 0o604, 0o620):  # of root a group may read
                os.chmod(p.path("tls", "key.pem"), mode)
                self.refused(p, 3, "may be used by others: its mode is %04o" % mode, "chmod 600")
            os.chmod(p.path("tls", "key.pem"), 0o600)
            p.write("tls/cert.pem", "no certificate\n")
            self.refused(p, 3, "holds no certificate", "in PEM")
            os.remove(p.path("tls", "cert.pem"))
            os.mkdir(p.path("tls", "cert.pem"))
            self.refused(p, None, "cert.pem", there)

    def test_a_certificate_has_its_time(self):
        with Project(PROGRAM, rows(9), rounds=3) as p:
            with_tls(p)
            certificate(p.path("tls"), "one")
            ends = p.json("check")["certificate_ends"]
            self.assertIn("the certificate is good until " + ends, p.run("check").stdout)
            for dates, words in ((("20200101000000Z", "20200201000000Z"),
                                  "cert.pem ended at 2020-02-01T00:00:00Z"),
                                 (("20980101000000Z", "20990101000000Z"),
                                  "cert.pem is valid from 2098-01-01T00:00:00Z on")):
                self.date(p, *dates)
                self.refused(p, 3, words)

    def date(self, p, start, end):
        """Signs the certificate again, for other dates; `openssl ca` alone can do that."""
        p.write("index.txt", "")
        p.write("ca.cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nrand_serial=yes\n"
                "new_certs_dir=%s\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
                % (p.path("index.txt"), p.folder))
        subprocess.run(["openssl", "req", "-new", "-key", p.path("tls", "key.pem"),
                        "-subj", "/CN=x", "-out", p.path("x.csr")],
                       check=True, capture_output=True)
        subprocess.run(["openssl", "ca", "-batch", "-config", p.path("ca.cnf"), "-selfsign",
                        "-keyfile", p.path("tls", "key.pem"), "-in", p.path("x.csr"), "-notext",
                        "-startdate", start, "-enddate", end,
                        "-out", p.path("tls", "cert.pem")], check=True, capture_output=True)

    def refused(self, p, code, *sentences):
        """By what serves, and before by what only looks."""
        for words in (("check",), ("up", "--listen", "127.0.0.1:0")):
            done = p.run(*words, check=code)
            self.assertNotEqual(done.returncode, 0)
            for sentence in sentences:
                self.assertIn(sentence, done.stderr)


class Beyond(unittest.TestCase):
    def test_from_another_machine_everything_needs_tls_and_a_token(self):
        """In a network of its own, so that nobody else can reach it either."""
        alone = ["unshare", "-Urn"]
        if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
            self.skipTest("no network of its own can be made here (unshare -Urn)")
        done = subprocess.run([*alone, sys.executable, __file__, PROGRAM, SOURCE, "--beyond"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("every row held", done.stdout)


def bring_up(address):
    """The loopback interface, with an address that is none of loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        up, running, set_address, set_flags = 1, 64, 0x8916, 0x8914
        for name, text in ((b"lo", "127.0.0.1"), (b"lo:1", address)):
            place = struct.pack("16sH2s4s8x", name, socket.AF_INET, b"\0\0", socket.inet_aton(text))
            fcntl.ioctl(s, set_address, place)
            fcntl.ioctl(s, set_flags, struct.pack("16sH14x", name, up | running))


def beyond():
    bring_up(OUTSIDE)
    with Project(PROGRAM, rows(9), rounds=3) as p:
        p.run("run", check=0)
        listen = ["up", "--listen", OUTSIDE + ":0"]
        done = p.run(*listen, check=1)
        assert "can be reached by others, and there is no TLS" in done.stderr, done.stderr
        with_tls(p)
        certificate(p.path("tls"), "outside")
        reader = p.run("token", "create", "reader", "--role", "viewer", "--role", "predictor",
                       check=0).stdout.strip()
        process = p.start(*listen)
        line = process.stdout.readline()
        port = int(line.split(" answers at ")[1].split(" ")[0].rsplit(":", 1)[1])
        connection = http.client.HTTPSConnection(OUTSIDE, port, timeout=30, context=trust(p))
        for path, body, token, status in (
                ("/health/live", None, None, 401), ("/metrics", None, None, 401),
                ("/api/v1/predict", BODY, None, 401), ("/api/v1/predict", BODY, "wrong", 401),
                ("/api/v1/predict", BODY, reader, 200), ("/v2", None, reader, 200),
                ("/api/v1/pause", '{"why": "x"}', reader, 403),
                ("/api/v1/pause", '{"why": "x"}', p.token(), 200)):
            got = ask(connection, path, body, token)
            assert got[0] == status, (path, token, status, got)
        bare = http.client.HTTPConnection(OUTSIDE, port, timeout=30)
        assert ask(bare, "/api/v1/predict", BODY, reader)[0] == 400, "no token goes in the open"
    print("every row held")


if __name__ == "__main__":
    if sys.argv[3:] == ["--beyond"]:
        beyond()
    else:
        unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
