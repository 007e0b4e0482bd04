import sys

from toolshed import store

store.make(sys.argv[1:])
