#!/bin/sh
set -eu
ls -lR ../practice/patients >"../practice/dumps/inventory-$1.txt"
