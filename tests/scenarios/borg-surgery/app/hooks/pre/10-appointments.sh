#!/bin/sh
# The appointments as text, which borg stores better than a database.
set -eu
practice=../practice
mkdir -p "$practice/dumps"
[ "$1" = records ] || exit 0
sqlite3 "$practice/appointments.db" .dump >"$practice/dumps/appointments.sql"
