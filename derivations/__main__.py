"""``python -m derivations [SLUG ...]`` prints the LaTeX of all derivations, or of some."""

import sys

from derivations.catalogue import DERIVATIONS, prove
from derivations.document import fragment

if __name__ == "__main__":
    try:
        print("\n".join(fragment(prove(slug)) for slug in sys.argv[1:] or DERIVATIONS))
    except LookupError as error:
        sys.exit(str(error.args[0]))
