"""A job whose configurations go wrong in every way a compiled kernel can. The child process imports it; see test_pool.py."""

import ctypes
import os
import signal
import sys
import time

import numpy as np

from course_lib.bench import equal


class Faults:
    def __init__(self, task):
        self.task, self.calls = task, 0

    def build(self, config):
        (word,) = config
        if word == "raises":
            raise RuntimeError("no such instruction")
        if word == "hangs in the compiler":
            time.sleep(600)
        if word == "asks for all memory":
            bytearray(1 << 40)
        if word == "prints":
            print("a line that is no answer", flush=True)
            os.write(1, b"nor is this\n")
        return lambda: self.run(word)

    def run(self, word):
        self.calls += 1
        if word == "crashes":
            ctypes.string_at(0)
        if word == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "ends the process":
            os._exit(3)
        if word == "hangs":
            while True:
                pass
        if word == "is noisy" and self.task.threads == 1:
            end = time.thread_time() + (0.001 if self.calls % 2 else 0.02)
            while time.thread_time() < end:
                pass
        if word == "fails to import":
            sys.modules["no_such_module"]
        return np.array([1.0, 2.0 if word == "is wrong" else 3.0], np.float32)

    def check(self, result):
        equal("result", result, [1.0, 3.0], length=1)


class Bowl:
    """Costs that are known: (a - 5)² + (b - 3)² + 1. Nothing is timed, so two searches can be compared to the last digit."""

    def __init__(self, task):
        self.pause = 0.01

    def cost(self, config):
        time.sleep(self.pause)
        if config == (0, 0):
            os._exit(1)
        return float((config[0] - 5) ** 2 + (config[1] - 3) ** 2 + 1)
