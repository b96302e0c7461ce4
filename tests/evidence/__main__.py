"""`python -m tests.evidence`, in a module that a worker process can import from."""

import sys

from tests.evidence.command import main

if __name__ == "__main__":
    sys.exit(main())
