"""test_crash.py - a short run of test/crash."""
import pathlib
import re
import subprocess
import unittest

CRASH = pathlib.Path(__file__).resolve().parent.parent / 'crash'


class Crash(unittest.TestCase):

    def test_short_run(self):
        done = subprocess.run([CRASH, '--rounds', '5', '--seed', '5', '--clients', '3'],
                              capture_output=True, text=True, timeout=540)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('5 of 5 rounds', done.stdout)
        self.assertIn('0 violations', done.stdout)
        for what in ('rows checked', 'transactions committed', 'transactions rolled back'):
            counted = re.search('(?m)^%s +([0-9]+)$' % what, done.stdout)
            self.assertGreater(int(counted[1]), 0, done.stdout)
