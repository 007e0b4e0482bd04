"""usage: greenhoused.py CONFIGURATION"""
import sys

from greenhouse.daemon import Daemon

if __name__ == "__main__":
    Daemon(sys.argv[1]).run()
