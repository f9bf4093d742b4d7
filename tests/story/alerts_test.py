#!/usr/bin/env python3
"""Alerts: one fault in forty columns is one alert; it is acknowledged, put off and told to a
webhook and by e-mail, at least once, whatever these do, over a restart, while the loop goes on.

usage: alerts_test.py PROGRAM SOURCE_DIR
"""
import base64
import datetime
import email
import http.server
import json
import os
import random
import shutil
import signal
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import unittest

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(SOURCE, "tests", "lib"))
from project import Project, ask, write_csv  # noqa: E402

COLUMNS = ["c%d" % i for i in range(40)]
# Windows are hours of prediction time; all that is asked happened in the last four.
HOUR = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
SECRETS = {"RONDO_WEBHOOK_TOKEN": "hook-secret", "RONDO_SMTP_USER": "rondo@example.org",
           "RONDO_SMTP_PASSWORD": "mail-secret"}


def stamp(hours):
    return (HOUR + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def wide(chance):
    return {name: round(chance.uniform(0, 10), 3) for name in COLUMNS}


def history():
    chance, table = random.Random(5), []
    for hour in range(-40 * 24, -24):
        if -500 <= hour < -488:  # a gap, so that a quiet hour is no news
            continue
        row = {"at": stamp(hour), **wide(chance)}
        row["y"] = round(3 * row["c0"] + chance.gauss(0, 1), 3)
        table.append(row)
    return table


class Hook(http.server.BaseHTTPRequestHandler):
    """Answers what the server's list of replies says; the last of it for ever."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        told = self.server
        with told.lock:
            reply = told.replies.pop(0) if len(told.replies) > 1 else told.replies[0]
            told.got.append((reply, self.path, dict(self.headers), json.loads(body)))
        if reply == "silence":
            told.over.wait(60)
            return
        self.send_response(reply)
        if reply == 302:
            self.send_header("Location", "http://127.0.0.1:%d/elsewhere" % told.server_port)
        self.end_headers()

    def do_GET(self):
        self.server.got.append(("GET", self.path, {}, {}))

    def log_message(self, *what):
        pass


class Webhook:
    def __init__(self, *replies, context=None):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.replies, self.server.got = list(replies), []
        self.server.lock, self.server.over = threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.url = "http%s://127.0.0.1:%d/hook?key=path-secret" % ("s" if context else "",
                                                                   self.server.server_port)

    def answer(self, *replies):
        with self.server.lock:
            self.server.replies[:] = replies

    def got(self, *wanted):
        """Documents that were answered by one of these codes."""
        with self.server.lock:
            return [body for reply, _, _, body in self.server.got if reply in wanted]

    def end(self):
        self.server.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Post(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("220 ready")
        letter, said = {"to": [], "auth": ""}, ""
        for raw in self.rfile:
            said = raw.decode().rstrip("\r\n")
            word = said.split(" ")[0].split(":")[0].upper()
            if word == "EHLO":
                self.say("250-here\r\n250 AUTH PLAIN")
            elif word == "AUTH":
                letter["auth"] = base64.b64decode(said.split(" ")[2]).decode()
                self.say("235 yes")
            elif word == "RCPT":
                letter["to"].append(said)
                self.say("250 ok")
            elif word == "DATA":
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line)
                letter["message"] = email.message_from_bytes(b"".join(lines))
                self.server.letters.append(letter)
                self.say("250 taken")
            elif word == "QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")


class Mail:
    def __init__(self, context=None):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post)
        self.server.daemon_threads = True
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.letters = []
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.url = "smtp%s://127.0.0.1:%d" % ("s" if context else "",
                                              self.server.server_address[1])

    def subjects(self):
        return [letter["message"]["Subject"] for letter in list(self.server.letters)]

    def end(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Alerts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base_project = Project(PROGRAM, history(), rounds=10, label_delay="0s", new_data=0,
                                   prepare="")
        with open(cls.base_project.path("rondo.toml")) as file:
            text = file.read()
        cls.base_project.write("rondo.toml",
                               text.replace("[monitor]\n", "[monitor]\nwindow = \"1h\"\n"))
        cls.base_project.run("run", check=0, timeout=300)

    @classmethod
    def tearDownClass(cls):
        cls.base_project.__exit__()

    def setUp(self):
        self.project = Project(PROGRAM)
        self.addCleanup(self.project.__exit__)
        shutil.rmtree(self.project.folder)
        shutil.copytree(self.base_project.folder, self.project.folder)

    def hook(self, *replies, **more):
        hook = Webhook(*replies, **more)
        self.addCleanup(hook.end)
        return hook

    def mail(self, **more):
        mail = Mail(**more)
        self.addCleanup(mail.end)
        return mail

    def settings(self, *lines):
        text = self.project.text("rondo.toml").split("\n[alerts]")[0]
        self.project.write("rondo.toml", text + "\n[alerts]\n" + "\n".join(lines) + "\n")

    def sinks(self, hook, mail, *more):
        self.settings('page = "quality"', 'webhook = "%s"' % hook.url,
                      'email = ["ada@example.org", "bob@example.org"]', 'smtp = "%s"' % mail.url,
                      *more)

    def up(self):
        self.process, self.base = self.project.up(env=SECRETS)
        # What it says on standard error is the log of alerts: it must not fill its pipe.
        self.said = []
        reader = threading.Thread(target=lambda p=self.process, s=self.said: s.extend(p.stderr))
        reader.start()
        self.addCleanup(reader.join)
        self.addCleanup(self.process.kill)

    def down(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(60), 0)

    def window(self, hour, broken):
        """Answers of one hour, with every column or none: as few as prove that columns are gone,
        which does not prove yet that labels are late (docs/STATISTICS.md has the price)."""
        chance = random.Random(hour)
        rows = [dict.fromkeys(COLUMNS) if broken else wide(chance) for _ in range(4)]
        status, said = ask(self.base, "/api/v1/predict",
                           {"rows": rows, "time": stamp(hour + 0.5)})
        self.assertEqual(status, 200, said)

    def until(self, what, why, seconds=90):
        end = time.monotonic() + seconds
        while not (got := what()):
            self.assertLess(time.monotonic(), end, why)
            time.sleep(0.1)
        return got

    def alerts(self, *words):
        return self.project.json("alerts", *words)["alerts"]

    def opened(self):
        return self.until(self.alerts, "no alert")[0]

    def acts(self):
        return [fact["body"] for fact in self.project.facts()
                if fact["kind"] == "person" and fact["body"]["act"] in ("ack", "snooze")]

    def test_one_fault_in_forty_columns_is_one_alert(self):
        self.up()
        self.window(-4, True)
        alert = self.opened()
        self.assertEqual(self.alerts(), [alert], "one alert")
        self.assertEqual((len(alert["subjects"]), alert["more"], alert["signals"]), (5, 35, 40))
        self.assertEqual((alert["severity"], alert["state"], alert["came"], alert["kinds"]),
                         ("quality", "open", 1, ["missing"]))
        self.assertEqual((alert["since"], alert["seen"]), (stamp(-4), stamp(-3)))
        told = self.project.run("alerts", check=0).stdout
        self.assertRegex(told, r"%s +quality +open +%s +%s +1 +c\d+, c\d+, c\d+, c\d+, c\d+ and 35 "
                         r"more\n" % (alert["id"], stamp(-4), stamp(-3)))
        self.assertRegex(told, r"0 signals of risk and 40 of quality opened in 0\.00 years")
        # The same everywhere, as one.
        line = "and 35 more, since %s: 40 signals of one cause" % stamp(-4)
        status = ask(self.base, "/api/v1/status")[1]
        self.assertEqual(len(status["alerts"]), 1, status["alerts"])
        self.assertIn(line, status["alerts"][0])
        self.assertIn("(%s)" % alert["id"], status["alerts"][0])
        self.assertEqual(ask(self.base, "/api/v1/alerts")[1]["alerts"], [alert])
        self.assertIn('rondo_open_alerts{model="toy",severity="quality"} 1\n',
                      ask(self.base, "/metrics")[1])
        self.assertIn(line, self.project.run("status", check=0).stdout)
        self.project.run("report", "-o", "report.html", check=0)
        self.assertIn(line, self.project.text("report.html"))
        # Acknowledged by a person, put off by another, recorded.
        name = alert["id"]
        said = self.project.run("alerts", "ack", name, "--why", "the sensor is known", check=0)
        self.assertIn("%s (" % name, said.stdout)
        self.assertIn("is acknowledged", said.stdout)
        self.project.run("alerts", "ack", name, check=5)
        self.assertEqual(self.alerts()[0]["state"], "acknowledged")
        self.assertIn("(%s, acknowledged)" % name, ask(self.base, "/api/v1/status")[1]["alerts"][0])
        path, token = "/api/v1/alerts/%s/" % name, self.project.token()
        self.assertEqual(ask(self.base, path + "ack", {"why": "me too"})[0], 401)
        for act, body, code in (("ack", {"why": "me too"}, 409), ("ack", {}, 400),
                                ("ack", {"why": "x", "for": "7d"}, 400),
                                ("snooze", {"why": "x"}, 400),
                                ("snooze", {"why": "x", "for": "soon"}, 400),
                                ("snooze", {"why": "x", "for": "0s"}, 400)):
            self.assertEqual(ask(self.base, path + act, body, token)[0], code, (act, body))
        self.assertEqual(ask(self.base, "/api/v1/alerts/A1/ack", {"why": "x"}, token)[0], 404)
        status, said = ask(self.base, path + "snooze", {"why": "on holiday", "for": "7d"}, token)
        self.assertEqual((status, said["alert"]["state"]), (200, "snoozed"), said)
        acts = self.acts()
        self.assertEqual([(a["act"], a["why"], a["arguments"]["alert"]) for a in acts],
                         [("ack", "the sensor is known", name), ("snooze", "on holiday", name)])
        self.assertTrue(acts[0]["who"] and acts[1]["who"] == "admin", acts)
        self.down()
        # It comes once more and goes: the alert counts, then closes; without a loop beside it too.
        self.up()
        for hour, broken in ((-3, False), (-2, True)):
            self.window(hour, broken)
        self.until(lambda: self.alerts()[0]["came"] == 2, "it does not count")
        self.assertEqual([a["id"] for a in self.alerts()], [name], "flapping is one alert")
        self.assertEqual(self.alerts()[0]["seen"], stamp(-1))
        self.down()
        self.project.run("alerts", "snooze", name, "1d", "--why", "again", check=0)
        self.assertEqual(len(self.acts()), 3)
        self.assertEqual(self.project.run("alerts", "ack", "v7").returncode, 3)
        self.assertEqual(self.project.run("alerts", "ack", "A1").returncode, 3)
        self.assertEqual(self.project.run("alerts", "nonsense").returncode, 2)
        self.assertEqual(self.project.run("fsck").returncode, 0)

    def test_sinks_that_fail_first_are_told_over_a_restart(self):
        hook, mail = self.hook(500), self.mail()
        self.sinks(hook, mail)
        self.up()
        self.window(-4, True)
        self.until(lambda: len(hook.got(500)) >= 2, "the webhook is not tried again")
        self.until(mail.subjects, "no letter")
        self.down()
        self.assertEqual(len(mail.subjects()), 1, mail.subjects())
        hook.answer(200)
        self.up()
        told = self.until(lambda: hook.got(200), "not told after the restart")[0]
        name = self.alerts()[0]["id"]
        self.assertEqual({body["key"] for body in hook.got(500)}, {told["key"]}, "one key")
        self.assertEqual((told["event"], told["version"], told["project"]), ("opened", 1, "toy"))
        self.assertEqual(told["alert"]["id"], name)
        self.assertEqual((len(told["alert"]["subjects"]), told["alert"]["more"]), (5, 35))
        self.assertNotIn("sentence", told["alert"])
        self.assertIn("%s opened: QUALITY c" % name, told["text"])
        _, path, headers, body = hook.server.got[-1]
        self.assertEqual((path, headers["Idempotency-Key"]), ("/hook?key=path-secret", body["key"]))
        self.assertEqual(headers["Authorization"], "Bearer hook-secret")
        letter = mail.server.letters[0]
        self.assertEqual(letter["auth"], "\0rondo@example.org\0mail-secret")
        self.assertEqual(letter["to"], ["RCPT TO:<ada@example.org>", "RCPT TO:<bob@example.org>"])
        message = letter["message"]
        self.assertTrue(message["Subject"].startswith("[toy] %s QUALITY: c" % name))
        self.assertEqual(message["Message-ID"], "<%s@example.org>" % told["key"])
        self.assertEqual(message.get_payload(decode=True).decode(), told["text"] + "\n")
        # The end is told too, once to each.
        for hour in (-3, -2, -1):
            self.window(hour, False)
        self.until(lambda: len(hook.got(200)) > 1 and len(mail.subjects()) > 1, "no end is told")
        time.sleep(1)
        self.assertEqual([body["event"] for body in hook.got(200)], ["opened", "closed"])
        self.assertEqual(len(mail.subjects()), 2)
        self.assertEqual([a["state"] for a in self.alerts("--all")], ["closed"])
        self.assertEqual(self.alerts(), [])
        self.assertEqual(ask(self.base, "/api/v1/alerts?all=true")[1]["alerts"][0]["id"], name)
        self.down()
        lines = [line for line in self.said if line.startswith("alert: ")]
        self.assertTrue(any("is over" in line for line in lines), self.said)
        said = self.project.text("rondo.toml") and "".join(self.said) + json.dumps(
            ask_nothing(self.project))
        for secret in SECRETS["RONDO_WEBHOOK_TOKEN"], SECRETS["RONDO_SMTP_PASSWORD"], "path-secret":
            self.assertNotIn(secret, said)

    def test_a_dead_webhook_stops_nothing_and_is_an_alert_elsewhere(self):
        hook, mail = self.hook(302), self.mail()
        self.sinks(hook, mail, 'remind = "0s"')
        self.up()
        self.window(-4, True)
        dead = self.until(lambda: [a for a in ask(self.base, "/api/v1/status")[1]["alerts"]
                                   if "sink webhook" in a], "its end is not told")[0]
        self.assertIn("answers 302, a redirect, which is not followed", dead)
        self.assertNotIn("path-secret", dead)
        self.assertFalse([got for got in hook.server.got if got[0] == "GET" or
                          got[1] == "/elsewhere"], "the redirect was followed")
        self.until(lambda: len(mail.subjects()) == 2, "the other sink is not told")
        self.assertIn("alerts do not reach the sink webhook", mail.subjects()[1])
        # One that never answers: the loop turns meanwhile.
        hook.answer("silence")
        self.until(lambda: hook.got("silence"), "not tried again")
        for hour in (-3, -2, -1):
            self.window(hour, False)
        self.until(lambda: not self.alerts(), "the loop stands")
        began = time.monotonic()
        self.down()
        self.assertLess(time.monotonic() - began, 30, "the end waits for the sink")
        hook.answer(200)
        self.up()
        self.until(lambda: len(hook.got(200)) == 2, "something is lost")
        self.assertEqual([body["event"] for body in hook.got(200)], ["opened", "closed"])
        self.until(lambda: any("reach the sink webhook again" in s for s in mail.subjects()),
                   "its return is not told")
        self.until(lambda: not ask(self.base, "/api/v1/status")[1]["alerts"], "status keeps it")
        self.down()

    def test_reminders_until_somebody_acknowledges(self):
        hook, mail = self.hook(200), self.mail()
        self.sinks(hook, mail, 'remind = "1s"')
        self.up()
        self.window(-4, True)
        self.until(lambda: len(hook.got(200)) >= 3, "no reminders")
        self.assertEqual([body["event"] for body in hook.got(200)][:3],
                         ["opened", "reminder", "reminder"])
        self.assertEqual(len({b["key"] for b in hook.got(200)}), len(hook.got(200)))
        name = self.opened()["id"]
        self.project.run("alerts", "snooze", name, "4s", check=0)
        time.sleep(1)
        count = len(hook.got(200))
        time.sleep(2)
        self.assertEqual(len(hook.got(200)), count, "it is snoozed")
        self.until(lambda: len(hook.got(200)) > count, "the snooze does not end")
        self.project.run("alerts", "ack", name, "--why", "seen", check=0)
        time.sleep(1)
        count = len(hook.got(200))
        time.sleep(3)
        self.assertEqual(len(hook.got(200)), count, "it is acknowledged")
        self.down()

    def test_every_sink_can_be_tried(self):
        self.assertEqual(self.project.run("alerts", "test").returncode, 5)
        hook, mail = self.hook(200), self.mail()
        self.sinks(hook, mail)
        said = self.project.run("alerts", "test", env=SECRETS, check=0).stdout
        self.assertRegex(said, r"webhook: 127\.0\.0\.1:\d+ answered 200\n"
                         r"email: 127\.0\.0\.1:\d+ took a letter for 2\n")
        self.assertEqual([body["event"] for body in hook.got(200)], ["test"])
        self.assertEqual(mail.subjects(), ["[toy] a test of Rondo's alerts"])
        hook.answer(302)
        done = self.project.run("alerts", "test", env={"RONDO_SMTP_USER": "x"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("webhook: failed: 127.0.0.1:", done.stdout)
        self.assertIn("redirect", done.stdout)
        self.assertIn("email: failed: RONDO_SMTP_PASSWORD is not set", done.stdout)
        self.assertEqual(len(mail.subjects()), 1)
        self.settings('webhook = "http://example.org/x"', 'email = "Ada <ada@example.org>"')
        done = self.project.run("alerts", "test")
        self.assertEqual(done.returncode, 3)
        for told in ("alerts.webhook: the address would send in plain text to example.org",
                     "alerts.email: \"Ada <ada@example.org>\" is no mailbox",
                     "alerts.smtp: is missing"):
            self.assertIn(told, done.stderr)

    def test_certificates_are_verified(self):
        folder = self.project.path("tls")
        os.makedirs(folder)
        pair = [os.path.join(folder, name) for name in ("cert.pem", "key.pem")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=hook", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-days", "2", "-out", pair[0], "-keyout",
                        pair[1]], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        hook, mail = self.hook(200, context=context), self.mail(context=context)
        self.sinks(hook, mail)
        done = self.project.run("alerts", "test")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("its certificate is not trusted"), 2, done.stdout)
        self.assertEqual(hook.got(200), [])
        trusted = {"SSL_CERT_FILE": pair[0]}
        self.project.run("alerts", "test", env=trusted, check=0)
        self.assertEqual((len(hook.got(200)), len(mail.subjects())), (1, 1))
        # It is trusted for the address that it names, and for no other.
        text = self.project.text("rondo.toml")
        self.project.write("rondo.toml", text.replace("127.0.0.1", "localhost"))
        done = self.project.run("alerts", "test", env=trusted)
        self.assertEqual(done.stdout.count("its certificate is not trusted"), 2, done.stdout)


def ask_nothing(project):
    """What the store keeps of messages."""
    return project.query("SELECT value FROM projections WHERE name = 'sinks'")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
