"""Python's `re` with toolformer-pytorch's pattern for a call without a result, on the texts of parse.rs.

    python3 crates/toolformer-text/benches/peer_re.py
"""

import re
import time

SIZE = 4_000_000
WORDS = ["the", "of", "a", "river", "was", "crossing", "sold", "for", "it's", "apples", "in", "total", "1400",
         "(or", "so)", "measured"]
CALL = re.compile(r"(\ \[(\w+)\(([^)]*)\))(\])")


def text(line, insert):
    """The recipe of `text` in parse.rs."""
    parts, length, random, line_start, last = [], 0, 1, 0, 0
    while length < SIZE:
        random = (random * 1_103_515_245 + 12_345) % (1 << 31)
        word = WORDS[(random >> 16) % len(WORDS)]
        inserted = insert(length + len(word) - last, random >> 16)
        length += len(word) + len(inserted)
        if inserted:
            last = length
        end = "\n" if length - line_start >= line else " "
        length += 1
        if end == "\n":
            line_start = length
        parts += [word, inserted, end]
    return "".join(parts)


def reference(since, random):
    return f" [{random % 100}]" if since >= 300 else ""


def call(since, random):
    return f" [Calculator({random % 1000} / {random % 77 + 1})]" if since >= 200 else ""


for name, line, insert in [
    ("prose, lines", 80, reference),
    ("prose, paragraphs", 4000, reference),
    ("calls, lines", 80, call),
    ("calls, paragraphs", 4000, call),
]:
    whole = text(line, insert)
    best = float("inf")
    for _ in range(20):
        start = time.perf_counter()
        calls = [(m.span(), m.group(2), m.group(3)) for m in CALL.finditer(whole)]
        best = min(best, time.perf_counter() - start)
    print(f"{name:20} {len(calls):6} calls {len(whole.encode()) / best / 1e6:8.0f} MB/s")
