# What is done when somebody gets an address: address, name.
printf '%s %s %s\n' "$(date +%FT%T)" "$1" "$2" >>log/leases.log
echo "leased $1"
