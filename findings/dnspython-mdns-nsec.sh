#!/bin/sh
# dnspython 2.9.1 and later refuse an mDNS answer whose NSEC record names its owner by a compression pointer, which
# RFC 6762 (18.14) allows and Chromium sends; 2.9.0 and earlier read it. aioice 0.13.0 catches the error and so drops
# the answer without a word: a peer over aiortc then never resolves a browser's ".local" candidate.
# Exits non-zero once either version behaves otherwise.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
cat > "$folder/read.py" <<'PYTHON'
import struct

import dns.message
import dns.version

name = b"\x04host\x05local\x00"
pointer = b"\xc0\x0c"  # to the name at byte 12
address = name + struct.pack("!HHIH", 1, 0x8001, 120, 4) + bytes([192, 0, 2, 1])
rdata = pointer + b"\x00\x01\x40"  # the owner's own name, and a bitmap that says: only A
nsec = pointer + struct.pack("!HHIH", 47, 0x8001, 120, len(rdata)) + rdata
answer = struct.pack("!6H", 0, 0x8400, 0, 1, 0, 1) + address + nsec
try:
    dns.message.from_wire(answer)
    print(dns.version.version, "reads it")
except dns.exception.FormError as failure:
    print(dns.version.version, "refuses it:", type(failure).__name__)
PYTHON
for version in 2.9.0 2.9.1 2.9.2; do
  "$folder/env/bin/pip" install --quiet --disable-pip-version-check "dnspython==$version" 2>/dev/null
  "$folder/env/bin/python" "$folder/read.py"
done > "$folder/seen"
cat "$folder/seen"
cat > "$folder/expected" <<'EXPECTED'
2.9.0 reads it
2.9.1 refuses it: DecompressionForbidden
2.9.2 refuses it: DecompressionForbidden
EXPECTED
cmp "$folder/seen" "$folder/expected"
