"""`python -m tests.evidence.hostile`; what it runs stands in a module, for worker processes import that by its name."""

from __future__ import annotations

import sys

from tests.evidence.hostile.run import main

if __name__ == "__main__":
    sys.exit(main())
