"""``python -m derivations [SLUG ...]`` prints the LaTeX of all derivations, or of some."""

import sys

from derivations.catalogue import DERIVATIONS, prove
from derivations.derivation import StepError
from derivations.document import fragment

if __name__ == "__main__":
    try:
        print("\n".join(fragment(prove(slug)) for slug in sys.argv[1:] or DERIVATIONS), end="")
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        sys.exit(2)
    except StepError as error:
        print(error, file=sys.stderr)
        sys.exit(1 if error.counterexample else 3)
