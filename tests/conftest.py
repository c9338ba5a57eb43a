"""For all tests: BLAS leaves the cores to the threads the code starts itself, as the command line has it."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

pytest_plugins = ("support.databases",)
