"""`python -m course_lib.cli` is `course`, for where no console script is installed."""

import sys

from . import main

sys.exit(main())
