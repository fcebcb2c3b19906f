"""kill -9 of everything at every answer of the CA."""

import harness
import kill


class Answers(kill.AnswerCase):
    """A power cut while the answer is on its way."""

    def test_all(self):
        """kill -9 of everything while an answer is withheld"""
        for tag, method, path, nth in kill.ANSWERS:
            with self.subTest(tag):
                self.kill_at("all", tag, method, path, nth)


if __name__ == "__main__":
    harness.main()
