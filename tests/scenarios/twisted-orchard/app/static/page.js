function refresh() { location.reload(); }
