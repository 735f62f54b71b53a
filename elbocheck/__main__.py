"""``python -m elbocheck`` is ``elbocheck``."""

from elbocheck.cli import main

if __name__ == "__main__":
    main()
