"""``python -m deployforge_tasks`` is ``deployforge``."""

import sys

from deployforge_tasks.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
