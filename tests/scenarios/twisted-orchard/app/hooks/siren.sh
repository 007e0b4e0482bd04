#!/bin/sh
# siren STATION KIND VALUE
mkdir -p "$ORCHARD_VAR/sirens"
printf '%s %s %s\n' "$(date +%F)" "$2" "$3" >> "$ORCHARD_VAR/sirens/$1"
