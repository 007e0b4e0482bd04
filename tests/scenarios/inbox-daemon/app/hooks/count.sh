#!/bin/sh
# Counts the lines of a text.
wc -l < "$1" >> "$2/counts.txt"
tail -n 1 "$2/counts.txt"
