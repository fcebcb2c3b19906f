"""kill -9 of one program at answers of the CA."""

import os

import harness
import kill


class Programs(kill.AnswerCase):
    """One program dies."""

    def test_engine(self):
        """kill -9 of the engine while an answer is withheld"""
        for tag, method, path, nth in kill.ANSWERS if harness.FULL else kill.ANSWERS[2::2]:
            with self.subTest(tag):
                self.kill_at("renewd", tag, method, path, nth)

    def test_signer_alone(self):
        """kill -9 of the signer alone while an answer is withheld: the engine asks another one, and the order goes on"""
        for tag, method, path, nth in kill.ANSWERS[2:]:
            with self.subTest(tag):
                name = f"{tag.replace(' ', '-').lower()}.alone.example.org"
                self.proxy.open_gates()
                self.proxy.requests.clear()
                self.prepare(f"alone-{tag.replace(' ', '-')}", name, self.proxy.directory_url)
                gate = self.proxy.gate(method, path, nth)
                self.renewd.start(wait=False)
                self.wait_reached(gate, tag)
                for pid in self.renewd.processes("renewd-signer"):
                    os.kill(pid, 9)
                gate.release()
                self.renewd.wait_served(name, "web", self.server, timeout=100)
                self.assertEqual(self.proxy.count("POST", "/order-plz"), 1)
                self.renewd.check_pair(name)
                self.renewd.stop()
                self.server.stop()


if __name__ == "__main__":
    harness.main()
