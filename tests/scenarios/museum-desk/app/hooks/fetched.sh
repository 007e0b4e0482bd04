# What is done when a picture came: number, title.
mkdir -p log
printf '%s %s\n' "$1" "$2" >>"log/$(date +%F).txt"
