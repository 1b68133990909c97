#!/usr/bin/env bash
# Prints the first Python that omninb can be installed into, or says which ones would do.
for name in python3 python3.14 python3.13 python3.12 python3.11; do
  "$name" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null &&
    command -v "$name" && exit 0
done
echo "omninb needs Python 3.11, 3.12, 3.13 or 3.14 with its venv module, and none was found" >&2
echo "(on Debian: apt install python3-venv)." >&2
exit 1
