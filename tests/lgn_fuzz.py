"""Damaged `.lgn` files: bits, cuts, splices, fields at their limits; right checksums too."""

import hashlib
import json
import random

from lgn_hw.formats.lgn import PREFIX

__all__ = ["damaged", "resealed", "with_header"]

EXTREME = [
    0, 1, -1, 2, 5, 63, 64, 255, 256, 2**15, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**63 - 1,
    2**63, -(2**63), 2**64, 10**400, 0.0, -0.0, 0.5, 1e308, 1e-308, 5e-324, None, True, False, "",
    "x", "<i4", "<f8", "<U9", "|O", "a\nb", "\ud800", "é", [], {}, [[]], [0], [1, 2, 3], {"a": 1},
]  # fmt: skip
WORDS = [0, 1, 2, 3, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1, 0x7FF0 << 48]


def resealed(data):
    """Give bytes a length and a checksum that are right, as a faulty writer would."""
    body = bytearray(data[:-32])
    if len(body) >= PREFIX.size:
        body[16:24] = (len(body) + 32).to_bytes(8, "little")
    return bytes(body) + hashlib.sha256(body).digest()


def damaged(files, rng: random.Random):
    """Return one damaged file, made of one or two good ones."""
    data = rng.choice(files)
    damage = rng.choice(
        [_bits, _bits, _cut, _insert, _splice, _word, _word, _field, _field, _field]
    )
    data = damage(data, files, rng)
    return resealed(data) if damage is _field or rng.random() < 0.8 else data


def _bits(data, files, rng):
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(data, files, rng):
    start, stop = sorted(rng.choices(range(len(data)), k=2))
    return data[:start] + data[stop:] if rng.random() < 0.7 else data[:stop]


def _insert(data, files, rng):
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(rng.choice([1, 2, 8, 40])) + data[at:]


def _splice(data, files, rng):
    other = rng.choice(files)
    at = rng.randrange(len(data)) // 8 * 8
    return data[:at] + other[min(at, len(other)) :]


def _word(data, files, rng):
    size = rng.choice([1, 4, 8])
    at = rng.randrange(0, len(data) - 40, size)
    return data[:at] + (rng.choice(WORDS) % 256**size).to_bytes(size, "little") + data[at + size :]


def _field(data, files, rng):
    """Change a value of the JSON, drop or repeat one, and write it as lgn-hw would."""
    length = int.from_bytes(data[12:16], "little")
    header = json.loads(data[PREFIX.size : PREFIX.size + length])
    place = header
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if not isinstance(place[key], (dict, list)) or not place[key] or rng.random() < 0.2:
            break
        place = place[key]
    value = rng.choice(EXTREME)
    what = rng.random()
    if what < 0.1:
        del place[key]
    elif what < 0.2 and isinstance(place, list):
        place.insert(key, place[key])
    elif what < 0.25:
        place[key] = _deep(rng.choice([50, 5000]))
    else:
        place[key] = value
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    return with_header(data, length, text)


def _deep(levels):
    value = []
    for _ in range(min(levels, 900)):
        value = [value]
    return value


def with_header(data, length, text):
    """Return a file with another header in the place of one of `length` bytes."""
    text += b" " * (-(PREFIX.size + len(text)) % 8)
    start = data[:12] + len(text).to_bytes(4, "little") + data[16 : PREFIX.size]
    return start + text + data[PREFIX.size + length :]
