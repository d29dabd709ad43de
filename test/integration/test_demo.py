"""test_demo.py - the README's first command comes to its end."""
import os
import pathlib
import subprocess

import harness

DEMO = pathlib.Path(__file__).resolve().parent.parent / 'demo'


class Demo(harness.Case):
    """The tour, in a directory of its own."""

    def test_tour(self):
        """Every step succeeds, and every link gives the file that was put."""
        directory = pathlib.Path(harness.environment('S3STORE_TEST_DIR')) / 'demo'
        env = dict(os.environ, S3STORE_DEMO_DIR=str(directory))
        self.addCleanup(subprocess.run, [DEMO, 'stop'], env=env, check=True)
        tour = subprocess.run([DEMO], env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(tour.returncode, 0, tour.stdout[-3000:])
        self.assertEqual(tour.stdout.count('bytes, the same'), 10)
        self.assertIn('psql -h ', tour.stdout)
