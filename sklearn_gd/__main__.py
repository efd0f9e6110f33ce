"""``python -m sklearn_gd``: see :mod:`sklearn_gd._quick_start.command`."""

import sys

from sklearn_gd._quick_start.command import main

if __name__ == "__main__":
    sys.exit(main())
