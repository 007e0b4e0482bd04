#!/bin/sh
set -eu
printf '%s %s %s\n' "$2" "$1" "$3" >>log/nights.log
