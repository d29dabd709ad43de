"""test_crash.py - a short run of test/crash."""
import pathlib
import re
import subprocess
import unittest

CRASH = pathlib.Path(__file__).resolve().parent.parent / 'crash'
ROUNDS, SEED = 6, 7


class Crash(unittest.TestCase):

    def test_short_run(self):
        done = subprocess.run([CRASH, str(ROUNDS), str(SEED), '--clients', '5'],
                              capture_output=True, text=True, timeout=900)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('%d of %d rounds' % (ROUNDS, ROUNDS), done.stdout)
        self.assertIn('0 lost, 0 left, 0 stuck, 0 hang, 0 error', done.stdout)
        for what in ('rows checked', 'transactions committed', 'transactions rolled back', 'puts'):
            counted = re.search('(?m)^%s +([0-9]+)$' % what, done.stdout)
            self.assertGreater(int(counted[1]), 0, done.stdout)
