"""runner.py - run the tests of some files and print a TAP line for each.

    runner.py FILE...

FILE is test_put.py, or less of it: test_put.GzipTest, test_put.GzipTest.test_cancel.
A skipped test is not ok, nor is a file without tests.  A test that hangs ends
the run after TIMEOUT seconds, with the stacks of all threads.
"""
import faulthandler
import os
import sys
import time
import unittest

TIMEOUT = 600
SLOW = 10                       # seconds after which a test says how long it took


class Result(unittest.TestResult):
    """Counts each test once, whatever happens to its parts."""

    def __init__(self, stream):
        super().__init__()
        self.stream, self.count, self.failed, self.reason = stream, 0, 0, None
        self.started = time.monotonic()

    def report(self, test, reason):
        self.count += 1
        self.failed += reason is not None
        name = '%s %d - %s' % ('ok' if reason is None else 'not ok', self.count, test)
        comment = ''.join('\n# ' + line for line in (reason or '').splitlines())
        print(name + comment, file=self.stream, flush=True)
        seconds = time.monotonic() - self.started
        if seconds >= SLOW:
            print('# that took %.0f s' % seconds, file=self.stream, flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.reason, self.started = None, time.monotonic()
        faulthandler.dump_traceback_later(TIMEOUT, exit=True)

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        super().stopTest(test)
        self.report(test.id(), self.reason)

    def note(self, reason):
        self.reason = reason if self.reason is None else self.reason + '\n' + reason

    def addError(self, test, err):
        super().addError(test, err)
        if isinstance(test, unittest.TestCase):
            self.note(self.errors[-1][1])
        else:                   # setUpClass and its like: no startTest
            self.report(test.id(), self.errors[-1][1])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.note('%s\n%s' % (subtest, kind[-1][1]))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note('skipped: ' + reason)
        if not isinstance(test, unittest.TestCase):
            self.report(test.id(), self.reason)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note('success, but a failure was expected')


def load(path):
    directory, name = os.path.split(os.path.abspath(path))
    sys.path.insert(0, directory)
    return unittest.defaultTestLoader.loadTestsFromName(name.removesuffix('.py'))


def main(paths):
    stream = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)               # what a test prints is no result
    result = Result(stream)
    suites = [(path, load(path)) for path in paths]
    # the plan comes first, so that tests which a crash takes away are missed
    print('1..%d' % sum(suite.countTestCases() or 1 for _, suite in suites),
          file=stream, flush=True)
    for path, suite in suites:
        if suite.countTestCases() == 0:
            result.report(os.path.basename(path), 'no tests in it')
        suite.run(result)
    return 1 if result.failed else 0


sys.exit(main(sys.argv[1:]))
