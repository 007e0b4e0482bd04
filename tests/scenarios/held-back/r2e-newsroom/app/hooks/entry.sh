# What is done for each entry: feed, title.
printf '%s\t%s\n' "$1" "$2" >>var/titles.tsv
