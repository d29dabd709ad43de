"""A short soak; test/soak/run is the long one."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'soak'))

import soak  # noqa: E402

CALLS = 8000                    # malloc has found its size after half of them


class Short(unittest.TestCase):

    def test_nothing_grows(self):
        run = soak.Soak()
        self.addCleanup(run.close)
        steps = [figures for _, figures in run.run(CALLS)]
        print('# %s' % dict(run.ends))
        for figures in steps:
            print('# %s' % (figures,), flush=True)
        self.assertEqual(soak.grown(steps), [])
        self.assertGreater(run.ends['good'], CALLS // 10)
        self.assertGreater(len(run.ends), 8, 'few faults were met')
