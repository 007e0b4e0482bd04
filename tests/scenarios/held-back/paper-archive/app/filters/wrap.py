import sys
import textwrap

width = int(sys.argv[1]) if len(sys.argv) > 1 else 40
RESULT = "\n".join(textwrap.wrap(TEXT, width))
